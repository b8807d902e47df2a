"""Where the credentials of a user come from: the CONNECT payload, the query, or a cookie, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request

_MAX_FIELDS: Final = 100
#: python-engineio writes its query in this order, and its applications mostly take one argument with an event.
_PYTHON: Final = (b"transport=polling&EIO=4", b"transport=websocket&EIO=4")
#: Dart's client gives a handler one list instead of the argument, once an event has two of them.
_DART: Final = b"Dart/"
_NO: Final = frozenset(("false", "0", "no", "off"))


class Credentials(msgspec.Struct, frozen=True):
    """What a peer says of itself; "" for what it does not say."""

    client_id: str
    token: str
    fcm_token: str
    #: Whether the token came by itself, in a cookie, so that any page in that browser could have sent it.
    from_cookie: bool = False
    #: What a client brings back to recover its state.
    pid: str = ""
    offset: str = ""
    #: Whether it is to be given what it needs for that.
    recovers: bool = True
    #: Whether it acks what comes from the inbox.
    acks: bool = False
    #: How many may be open then at once, where the settings allow more; 0 leaves it to them.
    max_unacked: int = 0

    def __repr__(self) -> str:
        return f"Credentials({self.client_id!r})"


def read_credentials(auth: Any, request: Request, cookie_name: str) -> Credentials:
    """The credentials in *auth*, a CONNECT payload, and in *request*, the handshake of its transport.

    Raises:
        Invalid: they are not texts, or the query is malformed.
    """
    if auth is not None and not isinstance(auth, dict):
        raise Invalid("auth is not an object", code="invalid_auth")
    said = {name: value for name, value in (auth or {}).items() if value not in (None, "")}
    fields: dict[str, Any] = {**query_fields(request), **said}
    token = _text(fields, "token")
    from_cookie = not token and bool(cookie_name)
    if from_cookie:
        token = cookie(request, cookie_name)
    acks = str(fields.get("ack", "no")).lower() not in _NO
    return Credentials(
        client_id=_text(fields, "clientId"),
        token=token,
        fcm_token=_text(fields, "fcmToken"),
        from_cookie=from_cookie,
        pid=_text(said, "pid"),
        offset=_text(said, "offset"),
        # an event that asks for an ack tells no place, as with Socket.IO's own server
        recovers=not acks and _recovers(fields.get("recovery"), request),
        acks=acks,
        max_unacked=_count(fields.get("maxUnacked", 0)),
    )


def query_fields(request: Request) -> dict[str, str]:
    """The query of a request, the first of each name.

    Raises:
        Invalid: it has too many fields.
    """
    try:
        pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as exc:
        raise Invalid("the query has too many fields", code="invalid_query") from exc
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def cookie(request: Request, name: str) -> str:
    """The value of a cookie, "" where it is not there (RFC 6265, section 4.2)."""
    for header in request.header_all(b"cookie"):
        for pair in header.decode("latin-1").split(";"):
            key, separator, value = pair.strip().partition("=")
            if separator and key == name:
                return value.strip().strip('"')
    return ""


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(f"{name} is not a text", code="invalid_auth")
    return value


def _count(value: Any) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError, OverflowError):
        count = -1
    if count < 0:
        raise Invalid("maxUnacked is no whole number from 0 on", code="invalid_auth")
    return count


def _recovers(wish: Any, request: Request) -> bool:
    if wish is None:
        agent = request.header(b"user-agent") or b""
        return not agent.startswith(_DART) and not any(mark in request.query for mark in _PYTHON)
    return str(wish).lower() not in _NO
