"""Answers of the HTTP/1.1 server and their bytes."""

from __future__ import annotations

import http

from msgspec import Struct

_REASONS = {status.value: status.phrase.encode("ascii") for status in http.HTTPStatus}
_JSON = b"application/json"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Answer(Struct, frozen=True):
    """A whole answer. Content-Length, Date and Connection are the server's affair."""

    status: int
    body: bytes = b""
    content_type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    close: bool = False


def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return b"HTTP/1.1 %d %s\r\n" % (status, _REASONS.get(status, b"Unknown"))


def has_body(status: int) -> bool:
    """Whether an answer with *status* may carry a body (RFC 9110, section 6.4.1)."""
    return status >= 200 and status not in (204, 304)


def header_lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """*headers* as field lines.

    Raises:
        ValueError: a name or a value holds a line end, which would let its writer forge answers.
    """
    lines = b"".join([b"%s: %s\r\n" % header for header in headers])
    if lines.count(b"\n") != len(headers) or lines.count(b"\r") != len(headers) or b"\0" in lines:
        raise ValueError("a header holds a line end or a NUL")
    return lines


def encode_answer(answer: Answer, *, common: bytes, persistence: bytes = b"", bodyless: bool = False) -> bytes:
    """The bytes of *answer*.

    *common* holds field lines of every answer (Date), *persistence* the Connection line where one is needed;
    *bodyless* is true for an answer to HEAD, whose length is told and whose body is left out.
    """
    status, body = answer.status, answer.body
    head = _heads.get((status, answer.content_type)) or _head(status, answer.content_type)
    extra = header_lines(answer.headers) if answer.headers else b""
    if not has_body(status):
        return b"%s%s%s%s\r\n" % (status_line(status), common, extra, persistence)
    if bodyless:
        return b"%s%d\r\n%s%s%s\r\n" % (head, len(body), common, extra, persistence)
    return b"%s%d\r\n%s%s%s\r\n%s" % (head, len(body), common, extra, persistence, body)


_heads: dict[tuple[int, bytes], bytes] = {}
_MAX_CACHED_HEADS = 256


def _head(status: int, content_type: bytes) -> bytes:
    typed = header_lines(((b"Content-Type", content_type),)) if content_type else b""
    head = status_line(status) + typed + b"Content-Length: "
    if len(_heads) < _MAX_CACHED_HEADS:
        _heads[status, content_type] = head
    return head
