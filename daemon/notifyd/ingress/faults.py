"""How refusals are said at the edges: one table from the errors of the floors below to each edge's own language."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.errors import (
    Conflict,
    Denied,
    Exhausted,
    IdempotencyMismatch,
    Invalid,
    NotAuthenticated,
    NotFound,
    NotifydError,
    TooLarge,
    Unavailable,
)
from notifyd.wire.rest.bodies import ErrorAnswer, FieldProblemView, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.errors import FieldProblem

Headers = tuple[tuple[bytes, bytes], ...]


class MediaTypeRefused(Invalid):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"


class MethodRefused(NotifydError):
    """The path exists, and the method does not apply to it."""

    code = "method_not_allowed"

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


#: Error -> HTTP status; the nearest class counts.
HTTP_STATUS: Final[dict[type[NotifydError], int]] = {
    Invalid: 400,
    MediaTypeRefused: 415,
    MethodRefused: 405,
    NotAuthenticated: 401,
    Denied: 403,
    NotFound: 404,
    Conflict: 409,
    IdempotencyMismatch: 422,
    TooLarge: 413,
    Exhausted: 429,
    Unavailable: 503,
    NotifydError: 500,
}

_CHALLENGE: Final = (b"WWW-Authenticate", b'Bearer realm="notifyd"')
#: Told where the error itself does not know when trying again makes sense.
_RETRY_SECONDS: Final = 5
_encode = msgspec.json.Encoder().encode


class HttpFault(msgspec.Struct, frozen=True):
    """A refusal in HTTP."""

    status: int
    headers: Headers
    body: bytes


def http_fault(error: NotifydError, request_id: str) -> HttpFault:
    """What *error* is as an answer."""
    status = next(HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS)
    return HttpFault(status, _headers(error, status), error_body(error.code, error.told, request_id, error.details))


def internal_fault(request_id: str) -> HttpFault:
    """The answer to a fault of ours; it tells nothing but where to look."""
    message = "the request failed inside the daemon; its log says why, under this request id"
    return HttpFault(500, (), error_body("internal", message, request_id))


def error_body(code: str, message: str, request_id: str, details: Sequence[FieldProblem] = ()) -> bytes:
    """`{"success":false,"error":{"code","message","requestId"}}`, and `details` where there are some."""
    rows = [FieldProblemView(problem.field, problem.message) for problem in details]
    try:
        return _encode(ErrorAnswer(error=Problem(code, message, request_id, rows)))
    except UnicodeEncodeError:
        rows = [FieldProblemView(_sayable(row.field), _sayable(row.message)) for row in rows]
        return _encode(ErrorAnswer(error=Problem(code, _sayable(message), request_id, rows)))


def _sayable(text: str) -> str:
    # Lone surrogates, which UTF-8 cannot say, become `?`.
    return text.encode("utf-8", "replace").decode()


def _headers(error: NotifydError, status: int) -> Headers:
    if status == 401:
        return (_CHALLENGE,)
    if isinstance(error, MethodRefused):
        return ((b"Allow", error.allow.encode("ascii")),)
    seconds = error.retry_after_seconds
    if seconds is None and status != 503:
        return ()
    return ((b"Retry-After", b"%d" % max(1, math.ceil(_RETRY_SECONDS if seconds is None else seconds))),)
