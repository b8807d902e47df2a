"""The forms of a Redis URL, as values. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import unquote

import msgspec

from notifyd.config.engine_forms import scheme_of
from notifyd.errors import Invalid

_URL: Final = re.compile(
    r"(?P<scheme>[a-z+]+)://(?:(?P<login>[^@/]*)@)?(?P<hosts>[^/@?]*)(?P<path>/[^?@]*)?(?:\?(?P<query>.*))?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+)(?::(?P<port>\d{1,5}))?")
_REDIS_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


class Mode(StrEnum):
    """What stands behind the URL."""

    STANDALONE = "standalone"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class Endpoint(NamedTuple):
    """A host and its port, or a Unix socket: its path, and port 0."""

    host: str
    port: int

    def __str__(self) -> str:
        if self.port == 0:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Address(msgspec.Struct, frozen=True):
    """What a URL says.

    scheme://[[user]:password@]host[:port][,host[:port]...][/...]: redis://host/2 is database 2, and so is
    unix:///path?db=2; redis+sentinel://hosts/NAME[/DB] names the group; redis+cluster://hosts ends there. With a
    second s in the first word, rediss, it is TLS; valkey is another word for redis. What is special in a name or a
    password is percent-encoded.
    """

    mode: Mode
    #: The server, or some of the Sentinels, or some nodes of the cluster.
    endpoints: tuple[Endpoint, ...]
    tls: bool = False
    username: str | None = None
    password: str | None = None
    database: int = 0
    #: How the Sentinels call the group; "" without Sentinels.
    group: str = ""

    def __str__(self) -> str:
        """Where it is, without the login: for logs and sentences."""
        return ",".join(map(str, self.endpoints))


_MODES: Final = {
    "redis": (Mode.STANDALONE, False),
    "rediss": (Mode.STANDALONE, True),
    "redis+sentinel": (Mode.SENTINEL, False),
    "rediss+sentinel": (Mode.SENTINEL, True),
    "redis+cluster": (Mode.CLUSTER, False),
    "rediss+cluster": (Mode.CLUSTER, True),
}


def parse_url(url: str) -> Address:
    """What *url* says.

    Raises:
        Invalid: it is none of the forms; the sentence never shows the login.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise Invalid("a Redis URL looks like redis://[user:password@]host[:port][/database]")
    _, login, hosts, path, query = match.groups()
    scheme, path = scheme_of(url), path or ""
    username, password = _login(login or "")
    if scheme == "unix":
        return _unix(hosts, path, query, username, password)
    if scheme not in _MODES:
        raise Invalid(f"{scheme}:// is no Redis: use {', '.join(f'{known}://' for known in (*_MODES, 'unix'))}")
    if query:
        raise Invalid(f"a {scheme}:// URL takes nothing after a question mark")
    mode, tls = _MODES[scheme]
    default = _SENTINEL_PORT if mode is Mode.SENTINEL else _REDIS_PORT
    endpoints = tuple([_endpoint(host, default) for host in hosts.split(",")])
    if mode is Mode.STANDALONE and len(endpoints) > 1:
        raise Invalid(f"a {scheme}:// URL names one host: use redis+sentinel:// or redis+cluster:// for several")
    group, database = _place(scheme, mode, path)
    return Address(mode, endpoints, tls, username, password, database, group)


def _login(text: str) -> tuple[str | None, str | None]:
    username, colon, password = text.partition(":")
    if username and not colon:
        raise Invalid("the login of a Redis URL is user:password@, or :password@ without a user")
    return unquote(username) or None, unquote(password) or None


def _unix(hosts: str, path: str, query: str | None, username: str | None, password: str | None) -> Address:
    if hosts or len(path) < 2:
        raise Invalid("a unix:// URL looks like unix:///path/of/the.sock[?db=0]")
    name, _, number = (query or "db=0").partition("=")
    if name != "db":
        raise Invalid("a unix:// URL takes nothing but ?db=NUMBER after its path")
    endpoint = Endpoint(unquote(path), 0)
    return Address(Mode.STANDALONE, (endpoint,), False, username, password, _database(number))


def _place(scheme: str, mode: Mode, path: str) -> tuple[str, int]:
    """The Sentinels' group, and the database."""
    parts = path.strip("/").split("/") if path.strip("/") else []
    if mode is Mode.CLUSTER:
        if parts:
            raise Invalid(f"a {scheme}:// URL ends with its hosts: a cluster has one database")
        return "", 0
    if mode is Mode.STANDALONE:
        if len(parts) > 1:
            raise Invalid(f"a {scheme}:// URL ends with its database: {scheme}://host:port/0")
        return "", _database(parts[0]) if parts else 0
    if not 1 <= len(parts) <= 2:
        raise Invalid(f"a {scheme}:// URL names the group: {scheme}://host:port,host:port/NAME[/DATABASE]")
    return unquote(parts[0]), _database(parts[1]) if len(parts) > 1 else 0


def _endpoint(text: str, default_port: int) -> Endpoint:
    match = _HOST.fullmatch(text)
    if match is None:
        raise Invalid("a Redis URL names its hosts as host:port, with commas between them")
    port = int(match["port"] or default_port)
    if not 0 < port < 65536:
        raise Invalid(f"{port} is no port")
    return Endpoint(match["host"].strip("[]"), port)


def _database(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise Invalid("the database of a Redis URL is a number")
    return int(text)
