"""What the requests of Engine.IO say, and the answers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from notifyd.wire.http.answer import Answer
from notifyd.wire.socketio.engineio import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    UNKNOWN_TRANSPORT,
    UNSUPPORTED_VERSION,
    refusal_body,
)

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request

Headers = tuple[tuple[bytes, bytes], ...]

_TEXT: Final = b"text/plain; charset=UTF-8"
_ALWAYS: Final[Headers] = ((b"Cache-Control", b"no-store"), (b"X-Content-Type-Options", b"nosniff"))
_VARY: Final = (b"Vary", b"Origin")
_METHODS: Final = (b"Access-Control-Allow-Methods", b"GET, POST, OPTIONS")
_MAX_AGE: Final = (b"Access-Control-Max-Age", b"600")
_TRANSPORTS: Final = frozenset((b"polling", b"websocket"))
_MAX_SID: Final = 64


class Query(Struct, frozen=True):
    """The parameters of Engine.IO. All others (`t`, `b64`, `j`, and what an application reads) are no concern here."""

    version: bytes
    transport: bytes
    #: "" where none is given.
    sid: str

    @staticmethod
    def of(request: Request) -> Query:
        """Read those of *request*; the last one of a name counts."""
        return _PLAIN if request.query == _PLAIN_QUERY else _read(request.query)

    def problem(self, request: Request, *, upgrade: bool) -> int | None:
        """The code of what is wrong with it whatever session it names; None if nothing is."""
        if self.transport not in _TRANSPORTS:
            return UNKNOWN_TRANSPORT
        if not self.sid and request.method != "GET":
            return BAD_HANDSHAKE_METHOD
        if self.version != b"4":
            return UNSUPPORTED_VERSION
        if upgrade != (self.transport == b"websocket"):
            return BAD_REQUEST
        return None


def _read(query: bytes) -> Query:
    found = dict(pair.partition(b"=")[::2] for pair in query.split(b"&"))
    sid = found.get(b"sid", b"")[:_MAX_SID]
    return Query(found.get(b"EIO", b""), found.get(b"transport", b""), sid.decode("latin-1"))


# what stock clients ask with that begin with WebSocket
_PLAIN_QUERY: Final = b"EIO=4&transport=websocket"
_PLAIN: Final = _read(_PLAIN_QUERY)


# What tells of the peer and of who stands between; the rest of a handshake, most of its bytes, tells nothing later.
_KEPT: Final = {
    name: name
    for name in (
        b"authorization", b"cookie", b"forwarded", b"host", b"origin", b"user-agent", b"x-forwarded-for",
        b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"x-request-id",
    )
}  # fmt: skip


def remembered(request: Request) -> Request:
    """What is kept of a handshake for as long as its connection lives."""
    headers = tuple([(_KEPT[name], value) for name, value in request.headers if name in _KEPT])
    return structs.replace(request, headers=headers, target=b"", raw_path=b"")


def cors(request: Request, allowed: str | None) -> Headers:
    """The headers that let a page of the origin *allowed* read the answer, its cookies included; none for None."""
    if allowed is None:
        return (_VARY,) if request.header(b"origin") is not None else ()
    if allowed == "*":
        return ((b"Access-Control-Allow-Origin", b"*"),)
    origin = (b"Access-Control-Allow-Origin", allowed.encode("latin-1", "replace"))
    return (origin, (b"Access-Control-Allow-Credentials", b"true"), _VARY)


def preflight(request: Request, allowed: Headers) -> Answer:
    """The answer to an OPTIONS request; a page that may read answers may also send the headers that it asks for."""
    wished = request.header(b"access-control-request-headers")
    headers = (*allowed, _METHODS, _MAX_AGE)
    return Answer(204, headers=(*headers, (b"Access-Control-Allow-Headers", wished)) if wished else headers)


def polled(payload: bytes, headers: Headers) -> Answer:
    """The answer to a poll, or to a POST."""
    return Answer(200, payload, _TEXT, (*_ALWAYS, *headers))


def refused(code: int, headers: Headers = (), *, status: int = 400) -> Answer:
    """Engine.IO's own refusal."""
    return Answer(status, refusal_body(code), headers=(*_ALWAYS, *headers))


def unavailable(headers: Headers = ()) -> Answer:
    """The refusal of a connection that there is no room for now."""
    body = refusal_body(FORBIDDEN, b"Too many connections")
    return Answer(503, body, headers=(*_ALWAYS, *headers, (b"Retry-After", b"5")))
