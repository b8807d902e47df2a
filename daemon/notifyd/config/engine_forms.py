"""Shapes of the texts that name engines: URLs of brokers and records, and names within them.

No sentence here repeats what was given: a URL may hold a password.
"""

from __future__ import annotations

import re
from typing import Final

LOCAL: Final = "local"
SQLITE: Final = "sqlite:"

_URL_LENGTH = 4096
_PORTS = 65_536
_USER = r"((?P<user>[^\s:@/?#,\[\]]*)(:(?P<password>[^\s:@/?#,\[\]]*))?@)?"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::[0-9]{1,5})?"
#: Valkey's own names of the schemes mean the same.
_REDIS = "(?:redis|valkey)s?"
_MONGO_HOST = rf"(?:{_HOST}|%2[Ff][A-Za-z0-9_.%-]+\.sock)"
_ONE = re.compile(rf"{_REDIS}://{_USER}(?P<hosts>{_HOST})(/[0-9]{{0,5}})?")
_FILE = re.compile(rf"unix://{_USER}(?P<path>/[^\s?#]+)(\?db=[0-9]{{1,5}})?")
_SENTINEL = re.compile(
    rf"{_REDIS}\+sentinel://{_USER}(?P<hosts>{_HOST}(?:,{_HOST})*)/(?P<name>[A-Za-z0-9_.%-]+)(/[0-9]{{0,5}})?"
)
_CLUSTER = re.compile(rf"{_REDIS}\+cluster://{_USER}(?P<hosts>{_HOST}(?:,{_HOST})*)/?")
_MONGO = re.compile(rf"mongodb://{_USER}(?P<hosts>{_MONGO_HOST}(?:,{_MONGO_HOST})*)(/[^\s/?#.$]*)?(\?[^\s#]*)?")
_MONGO_SRV = re.compile(rf"mongodb\+srv://{_USER}(?P<hosts>[A-Za-z0-9_.-]+)(/[^\s/?#.$]*)?(\?[^\s#]*)?")

_SHAPES = {
    "redis": (_ONE, "redis://[:PASSWORD@]HOST[:PORT][/DATABASE]"),
    "rediss": (_ONE, "rediss://[:PASSWORD@]HOST[:PORT][/DATABASE]"),
    "unix": (_FILE, "unix://[:PASSWORD@]/PATH[?db=DATABASE]"),
    "redis+sentinel": (_SENTINEL, "redis+sentinel://[:PASSWORD@]HOST[:PORT],.../NAME[/DATABASE]"),
    "rediss+sentinel": (_SENTINEL, "rediss+sentinel://[:PASSWORD@]HOST[:PORT],.../NAME[/DATABASE]"),
    "redis+cluster": (_CLUSTER, "redis+cluster://[:PASSWORD@]HOST[:PORT],... (a cluster has one database)"),
    "rediss+cluster": (_CLUSTER, "rediss+cluster://[:PASSWORD@]HOST[:PORT],... (a cluster has one database)"),
    "mongodb": (_MONGO, "mongodb://[USER:PASSWORD@]HOST[:PORT],...[/DATABASE][?OPTIONS]"),
    "mongodb+srv": (_MONGO_SRV, "mongodb+srv://[USER:PASSWORD@]HOST[/DATABASE][?OPTIONS]"),
}
_MONGO_SCHEMES = ("mongodb", "mongodb+srv")
_REDIS_SCHEMES = tuple(scheme for scheme in _SHAPES if scheme not in _MONGO_SCHEMES)

#: Without those whose servers are looked up, or are files.
_USUAL_PORTS = {
    "redis": 6379, "rediss": 6379, "redis+sentinel": 26379, "rediss+sentinel": 26379, "redis+cluster": 6379,
    "rediss+cluster": 6379, "mongodb": 27017,
}  # fmt: skip

_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NODE = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_QUEUE = re.compile(r"[^\s:{}\x00-\x1f]{1,128}")
_TAG = re.compile(r"[A-Za-z0-9_.:-]{0,64}(\{[A-Za-z0-9_.:-]{1,64}\})?[A-Za-z0-9_.:-]{0,64}")


def is_redis(url: str) -> bool:
    """True if *url* names a Redis, however it is reached."""
    return scheme_of(url) in _REDIS_SCHEMES


def is_cluster(url: str) -> bool:
    """True if *url* names a Redis Cluster, whose keys are spread over its servers by their hash tags."""
    return scheme_of(url).endswith("+cluster")


def is_encrypted(url: str) -> bool:
    """True if *url* names a Redis that is reached over TLS."""
    return is_redis(url) and scheme_of(url).startswith("rediss")


def scheme_of(text: str) -> str:
    """The first word of a URL, with redis for valkey; "" if it is none."""
    scheme, mark, _ = text.partition("://")
    return re.sub("^valkey", "redis", scheme) if mark else ""


def servers(url: str) -> tuple[tuple[str, int], ...]:
    """Host and port of each server that *url* names; none where it names a file, or has others looked up."""
    scheme = scheme_of(url)
    parts = _SHAPES[scheme][0].fullmatch(url) if scheme in _USUAL_PORTS else None
    hosts = parts["hosts"].split(",") if parts else []
    return tuple(_place(host, _USUAL_PORTS[scheme]) for host in hosts if not host.endswith(".sock"))


def broker(text: str) -> str | None:
    """What is wrong with *text* as the URL of a broker; None if nothing is."""
    if text == LOCAL:
        return None
    if is_redis(text):
        return _shaped(text)
    return f"must be {LOCAL}, or a URL that begins with one of {_listed(_REDIS_SCHEMES)}"


def records(text: str) -> str | None:
    """What is wrong with *text* as the URL of records; None if nothing is."""
    if text == SQLITE:
        return None
    if scheme_of(text) in _MONGO_SCHEMES:
        return _shaped(text)
    return f"must be {SQLITE} (a file in the state folder), or a URL that begins with {_listed(_MONGO_SCHEMES)}"


def bullmq(text: str) -> str | None:
    """What is wrong with *text* as the URL of the Redis of BullMQ; None if nothing is, or it is empty."""
    if not text:
        return None
    if is_redis(text):
        return _shaped(text)
    return f"must be a URL that begins with one of {_listed(_REDIS_SCHEMES)}"


def word(text: str) -> str | None:
    """What is wrong with *text* as the beginning of keys; None if nothing is."""
    if _WORD.fullmatch(text):
        return None
    return "must be 1 to 64 of the characters A-Z, a-z, 0-9, _, ., : and -"


def node(text: str) -> str | None:
    """What is wrong with *text* as the name of a daemon; None if nothing is, or it is empty."""
    return None if _NODE.fullmatch(text) else "must be at most 64 of the characters A-Z, a-z, 0-9, _, . and -"


def queue(text: str) -> str | None:
    """What is wrong with *text* as the name of a queue of BullMQ; None if nothing is."""
    if _QUEUE.fullmatch(text):
        return None
    return "must be 1 to 128 characters, without spaces, colons and braces"


def tag(text: str) -> str | None:
    """What is wrong with *text* as the prefix of BullMQ's keys; None if nothing is."""
    if text and _TAG.fullmatch(text):
        return None
    return "must be of the characters A-Z, a-z, 0-9, _, ., : and -, at most one part of it in braces"


def without_secrets(url: str) -> str:
    """*url*, which has passed one of the checks here, for an eye: *** is its password, and what a MongoDB is told."""
    shape = _SHAPES.get(scheme_of(url))
    parts = shape[0].fullmatch(url) if shape else None
    if parts is None:
        return url
    start, end = parts.span("password")
    text = f"{url[:start]}***{url[end:]}" if parts["password"] else url
    place, mark, _ = text.partition("?")
    return f"{place}?***" if mark and scheme_of(url) in _MONGO_SCHEMES else text


def _shaped(text: str) -> str | None:
    pattern, shape = _SHAPES[scheme_of(text)]
    parts = pattern.fullmatch(text) if len(text) <= _URL_LENGTH else None
    if parts is None:
        return f"must look like {shape}; in a user and a password : @ / ? # are written %3A %40 %2F %3F %23"
    given = parts.groupdict()
    if is_redis(text) and given["user"] and given["password"] is None:
        return "has a user and no password: before the @ stands :PASSWORD or USER:PASSWORD"
    if not all(0 < _port(host) < _PORTS for host in (given.get("hosts") or "").split(",")):
        return f"must have ports between 1 and {_PORTS - 1}"
    return None


def _port(host: str) -> int:
    return _place(host, 1)[1]


def _place(text: str, usual_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit():
        return host.strip("[]"), int(port)
    return text.strip("[]"), usual_port


def _listed(schemes: tuple[str, ...]) -> str:
    return ", ".join(f"{scheme}://" for scheme in schemes)
