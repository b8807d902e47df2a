"""Narrower shapes of texts: hosts, networks, web origins, patterns of channels, addresses of webhooks."""

from __future__ import annotations

import ipaddress
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from notifyd.config import engine_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notifyd.config.setting import Form

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_URL = re.compile(
    r"https?://(?P<user>[!-~]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?"
    r"([/?][!\"$-~]*)?(?P<fragment>#[!-~]*)?"
)
_PATTERN_LENGTH = 4096
_URL_LENGTH = 2048
_PORTS = 65_536


def is_loopback(host: str) -> bool:
    """True if nobody outside this machine can reach a listener on *host*."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _host(text: str) -> str | None:
    if _is_address(text):
        return None
    labels = text.rstrip(".").split(".")
    numeric = labels[-1].isdigit()  # 127.0.0.256 is a mistyped address and no name
    if len(text) <= 253 and not numeric and all(_LABEL.fullmatch(label) for label in labels):
        return None
    return "must be an IP address (IPv6 without brackets) or a host name"


def _network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError as exc:
        return f"must be a network such as 10.0.0.0/8 or an address ({exc})"
    return None


def _origin(text: str) -> str | None:
    if text == "*" or _ORIGIN.fullmatch(text):
        return None
    return (
        "must be * or an origin such as https://app.example.com: scheme, host and port, in lower case, without a path"
    )


def _pattern(text: str) -> str | None:
    if text and len(text.encode("utf-8", "replace")) <= _PATTERN_LENGTH and text.isprintable():
        return None
    return f"must be printable and 1 to {_PATTERN_LENGTH} bytes long"


def _path(text: str) -> str | None:
    if _PATH.fullmatch(text) and not text.startswith(("/api", "/client-", "/console", "/metrics")):
        return None
    return (
        "must be a path such as /socket.io, without a slash at its end, and not within /api, /client-, /console or "
        "/metrics"
    )


def _package(text: str) -> str | None:
    if _PACKAGE.fullmatch(text):
        return None
    return "must be a protobuf package such as skybell.v1"


def _name(text: str) -> str | None:
    if _NAME.fullmatch(text):
        return None
    return "must be 1 to 64 of the characters a-z, 0-9 and -, and not begin with -"


def _url(text: str) -> str | None:
    parts = _URL.fullmatch(text) if len(text) <= _URL_LENGTH else None
    if parts and parts["user"]:
        return "must not hold a user or a password: calls are signed, and the URL is shown"
    if parts is None or _host(parts["host"].strip("[]")) or not 0 < int(parts["port"] or 1) < _PORTS:
        return f"must be a URL such as https://example.com/hook, without spaces, of at most {_URL_LENGTH} characters"
    return "must not have a #fragment, which is never sent" if parts["fragment"] else None


FORMS: Mapping[Form, Callable[[str], str | None]] = MappingProxyType(
    {
        "host": _host,
        "network": _network,
        "origin": _origin,
        "pattern": _pattern,
        "path": _path,
        "package": _package,
        "name": _name,
        "url": _url,
        "broker": engine_forms.broker,
        "records": engine_forms.records,
        "bullmq": engine_forms.bullmq,
        "word": engine_forms.word,
        "node": engine_forms.node,
        "queue": engine_forms.queue,
        "tag": engine_forms.tag,
    }
)
"""For each form the function that says what is wrong with a text, or None if nothing is."""
