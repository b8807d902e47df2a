"""The head of an HTTP/1.1 request, checked byte for byte: what RFC 9110 and RFC 9112 demand beyond a lenient parser.

A server and the proxies before it must agree on where each request ends, so everything that two readers could
understand differently is refused here, before anything looks at a single header.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb"++) ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])\r\n")
# a field line is token ":" value CRLF: no space before the colon, no folding, no bare CR or LF, no controls
_FIELD_LINES = re.compile(rb"(?:" + _TOKEN + rb"++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+\r\n")
_LOOSE_LINE_END = re.compile(rb"\r[^\n]|(?<!\r)\n")
_VERSION_LIKE = re.compile(rb"[^\r\n]* HTTP/([0-9]+)(?:\.[0-9]+)?\r\n")
# RFC 3986 reg-name, IPv4 or bracketed literal, with an optional port; never empty (RFC 9110, section 4.2.1), and
# without the comma, which is what two Host headers look like once a proxy has joined them
_HOST = re.compile(
    rb"(?:\[(?:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*|[vV][0-9A-Fa-f]+\.[0-9A-Za-z\-._~!$&'()*+,;=:]+)\]"
    rb"|(?:[0-9A-Za-z\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})++)(?::([0-9]{0,5}))?"
)
_MAX_PORT = 65535
_MAX_METHOD_BYTES = 64
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)")
_LENGTH_DIGITS = 18
_TOO_LARGE = frozenset((413, 414, 431))
_OTHER_CODES = {405: "method_not_allowed", 426: "upgrade_required"}
_CHUNKED = b"chunked"
_SINGLE_NAMES = frozenset((b"host", b"content-length"))
_FRAMING_NAMES = _SINGLE_NAMES | {b"transfer-encoding", b"connection", b"expect", b"upgrade"}


class RequestRefused(Invalid):
    """The peer's bytes are no acceptable request: answer with `status` and close.

    Attributes:
        status: the HTTP status that says so.
        headers: what the answer has to tell besides.
    """

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message, code="too_large" if status in _TOO_LARGE else "bad_request")
        self.code = _OTHER_CODES.get(status, self.code)
        self.status = status
        self.headers = headers


class RequestLine(Struct, frozen=True, gc=False):
    """The first line of a request and the place where its field lines begin."""

    method: str
    target: bytes
    minor_version: int
    fields_at: int


class Framing(Struct, frozen=True, gc=False):
    """What the headers say about the body, the connection and the wish to leave HTTP."""

    content_length: int
    chunked: bool
    keep_alive: bool
    expects_continue: bool
    upgrades_to_websocket: bool


#: before the first request
NO_FRAMING = Framing(0, chunked=False, keep_alive=True, expects_continue=False, upgrades_to_websocket=False)


def check_line_ends(data: bytes, start: int = 0) -> None:
    """Refuse a head that is not complete yet and already holds a bare CR or LF.

    Raises:
        RequestRefused: 400; waiting for the end of such a head would only waste the deadline.
    """
    if _LOOSE_LINE_END.search(data, start):
        raise RequestRefused(400, "every line of a request head ends with CR LF")


def parse_request_line(data: bytes, start: int, *, max_target_bytes: int) -> RequestLine:
    """Read the request line at *start* of *data*, which holds the whole head.

    Raises:
        RequestRefused: 400 for a malformed line, 414 for a long target, 501 for a long method and for CONNECT, 505 for
            another major version.
    """
    match = _REQUEST_LINE.match(data, start)
    if match is None:
        raise _line_refusal(data, start)
    method, target, major, minor = match.groups()
    if major != b"1":
        raise RequestRefused(505 if major > b"1" else 400, "this server speaks HTTP/1.1")
    if len(target) > max_target_bytes:
        raise RequestRefused(414, "the request target is too long")
    if len(method) > _MAX_METHOD_BYTES:
        raise RequestRefused(501, "this server knows no method of that length")
    if method == b"CONNECT":
        raise RequestRefused(501, "this server is no proxy")
    if target[0] != 0x2F or 0x23 in target:  # "/" and "#"
        _check_target(method, target)
    return RequestLine(method.decode("ascii"), target, int(minor), match.end())


def _line_refusal(data: bytes, start: int) -> RequestRefused:
    version = _VERSION_LIKE.match(data, start)
    if version is not None and int(version[1][:9]) > 1:
        return RequestRefused(505, "this server speaks HTTP/1.1")
    return RequestRefused(400, "malformed request line")


def _check_target(method: bytes, target: bytes) -> None:
    if b"#" in target:
        raise RequestRefused(400, "a request target holds no fragment")
    if target == b"*":
        if method != b"OPTIONS":
            raise RequestRefused(400, "the target * belongs to OPTIONS alone")
    elif target[:1] != b"/":
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None or not _is_host(absolute[1]):
            raise RequestRefused(400, "malformed request target")


def split_absolute(target: bytes) -> tuple[bytes, bytes]:
    """Host and origin form of an absolute *target* that `parse_request_line` has accepted."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise AssertionError("an accepted target is absolute, or begins with / or *")
    host, rest = absolute.groups()
    return host, rest if rest[:1] == b"/" else b"/" + rest


def check_field_lines(data: bytes, start: int, end: int) -> None:
    """Check the field lines from *start* to *end*, the empty line that closes them included.

    Raises:
        RequestRefused: 400 for folded lines, spaces before a colon, control characters, bare CR or LF.
    """
    if _FIELD_LINES.fullmatch(data, start, end) is None:
        raise RequestRefused(400, "malformed header")


def framing_of(headers: Iterable[tuple[bytes, bytes]], *, minor_version: int) -> Framing:
    """Decide from *headers* (names in lower case) how the body is framed and what becomes of the connection.

    Raises:
        RequestRefused: 400 where two readers could disagree, 417 and 501 for what this server does not know.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _FRAMING_NAMES:
            found[name] = _combined(name, found[name], value) if name in found else value
    _check_host(found.get(b"host"), minor_version)
    length, coding, expected = found.get(b"content-length"), found.get(b"transfer-encoding"), found.get(b"expect")
    if coding is not None:
        _check_coding(coding, length, minor_version)
    options = _tokens(found[b"connection"]) if b"connection" in found else ()
    return Framing(
        content_length=_content_length(length) if length is not None else 0,
        chunked=coding is not None,
        keep_alive=b"close" not in options and (minor_version >= 1 or b"keep-alive" in options),
        expects_continue=expected is not None and _expects_continue(expected, minor_version),
        upgrades_to_websocket=b"upgrade" in options and b"websocket" in _tokens(found.get(b"upgrade", b"")),
    )


def _combined(name: bytes, first: bytes, second: bytes) -> bytes:
    if name in _SINGLE_NAMES:
        raise RequestRefused(400, f"a request has one {name.decode('ascii').title()} header")
    return first + b"," + second  # RFC 9110, section 5.3


def _tokens(value: bytes) -> list[bytes]:
    return [item.strip(b" \t") for item in value.lower().split(b",")]


def _check_host(host: bytes | None, minor_version: int) -> None:
    if host is None:
        if minor_version >= 1:
            raise RequestRefused(400, "a request needs a Host header")
    elif not _is_host(host):
        raise RequestRefused(400, "malformed Host header")


def _is_host(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and int(match[1] or 0) <= _MAX_PORT


def _content_length(value: bytes) -> int:
    if not value.isdigit():
        raise RequestRefused(400, "malformed Content-Length")
    if len(value) > _LENGTH_DIGITS:
        raise RequestRefused(413, "the body is too large")
    return int(value)


def _check_coding(coding: bytes, length: bytes | None, minor_version: int) -> None:
    if length is not None:
        raise RequestRefused(400, "Content-Length and Transfer-Encoding exclude each other")
    if minor_version < 1:
        raise RequestRefused(400, "HTTP/1.0 knows no Transfer-Encoding")
    codings = _tokens(coding)
    if b"" in codings or (_CHUNKED in codings and codings.index(_CHUNKED) != len(codings) - 1):
        raise RequestRefused(400, "chunked is the last transfer coding, once")
    if codings != [_CHUNKED]:
        raise RequestRefused(501, "this server knows no transfer coding but chunked")


def _expects_continue(value: bytes, minor_version: int) -> bool:
    if value.lower() != b"100-continue":
        raise RequestRefused(417, "this server knows no expectation but 100-continue")
    # RFC 9110, section 10.1.1: a server ignores the expectation of an HTTP/1.0 client
    return minor_version >= 1
