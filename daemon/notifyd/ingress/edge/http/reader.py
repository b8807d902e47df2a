"""Bytes of one connection to requests, without any I/O: httptools reads the heads, `notifyd.wire` guards them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import httptools

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.wire.http.chunks import ChunkedReader
from notifyd.wire.http.head import (
    NO_FRAMING,
    Framing,
    RequestLine,
    RequestRefused,
    check_field_lines,
    check_line_ends,
    framing_of,
    parse_request_line,
    split_absolute,
)

if TYPE_CHECKING:
    from notifyd.ingress.edge.settings import HttpSettings

_SLASH = 0x2F
_END_OF_HEAD = b"\r\n\r\n"
# httptools knows a fixed list of methods and 1.0 and 1.1; any other sound line is read with this in its place
_STAND_IN_LINE = b"GET / HTTP/1.1\r\n"


class _HeaderCollector:
    """What httptools calls back."""

    __slots__ = ("headers",)

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.rstrip(b" \t")))  # httptools trims the front alone


class _Body:
    """A body on its way, of a known length or chunked."""

    __slots__ = ("_chunks", "_max_bytes", "data", "remaining", "total")

    def __init__(self, framing: Framing, settings: HttpSettings) -> None:
        self._chunks = ChunkedReader(max_trailer_bytes=settings.max_head_bytes) if framing.chunked else None
        self._max_bytes = settings.max_body_bytes
        self.remaining = framing.content_length
        self.total = 0
        self.data = bytearray()

    @property
    def finished(self) -> bool:
        return self._chunks.finished if self._chunks is not None else not self.remaining

    def feed(self, data: bytes, at: int) -> int:
        before = len(self.data)
        if self._chunks is not None:
            at = self._chunks.feed(data, at, self.data)
        else:
            end = min(at + self.remaining, len(data))
            self.data += data[at:end]
            self.remaining -= end - at
            at = end
        self.total += len(self.data) - before
        promised = self._chunks.promised if self._chunks is not None else 0
        if self.total + promised > self._max_bytes:
            raise RequestRefused(413, "the body is too large")
        return at

    def take(self) -> bytes:
        taken = bytes(self.data)
        self.data.clear()
        return taken


class RequestReader:
    """Feed it what arrives, then ask `next_request` until it gives None.

    After a request whose `streaming` is true, its body has to be taken with `next_body` up to the end first.
    """

    __slots__ = (
        "_at", "_body", "_data", "_head", "_line_skipped", "_peer", "_scanned", "_secure", "_settings",
        "framing", "heads", "streaming", "wants_continue",
    )  # fmt: skip

    def __init__(self, settings: HttpSettings, peer: Peer, *, secure: bool) -> None:
        self._settings = settings
        self._peer = peer
        self._secure = secure
        self._data = b""
        self._at = 0
        self._scanned = 0
        self._line_skipped = False
        self._head: Request | None = None  # a request whose body is being gathered
        self._body: _Body | None = None
        #: requests whose head was read
        self.heads = 0
        #: framing of the request that `next_request` gave last
        self.framing = NO_FRAMING
        #: the last request's body is to be taken with `next_body`
        self.streaming = False
        #: the peer waits for a 100 before it sends the body
        self.wants_continue = False

    @property
    def reading_body(self) -> bool:
        """A body is on its way."""
        return self._body is not None

    @property
    def reading_head(self) -> bool:
        """A head has begun and is not complete."""
        return self._body is None and len(self._data) > self._at

    @property
    def body_bytes(self) -> int:
        """How much of the present body has arrived."""
        return self._body.total if self._body is not None else 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes that arrived and were not looked at."""
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        rest = self._data[self._at :]
        self._data = rest + data if rest else data
        self._scanned = max(0, self._scanned - self._at)
        self._at = 0

    def take_rest(self) -> bytes:
        """Everything that was not looked at: the first bytes of another protocol."""
        rest = self._data[self._at :]
        self._data, self._at = b"", 0
        return rest

    def next_request(self) -> Request | None:
        """The next request, with its whole body unless `streaming` says otherwise. None: feed more.

        Raises:
            RequestRefused: the bytes are no acceptable request; nothing more can be read.
        """
        if self._head is None:
            return self._read_head()
        return self._gather_body(self._head)

    def next_body(self) -> bytes | None:
        """The next piece of a streamed body, b"" after its end, None: feed more.

        Raises:
            RequestRefused: the body is malformed or too large.
        """
        body = self._body
        if body is None:
            return b""
        if not body.data:
            self._at = body.feed(self._data, self._at)
        if body.data:
            self.wants_continue = False
            return body.take()
        if not body.finished:
            return None
        self._body, self.streaming, self.wants_continue = None, False, False
        return b""

    def _gather_body(self, request: Request) -> Request | None:
        body = self._body
        if body is None:
            raise AssertionError("a request that waits for its body has one")
        if self._at < len(self._data):
            self._at = body.feed(self._data, self._at)
            self.wants_continue = False
        if not body.finished:
            if len(body.data) + body.remaining <= self._settings.buffered_body_bytes:
                return None
            self.streaming = True
        else:
            self._body = None
            request = _with_body(request, body.take())
        self._head = None
        return request

    def _read_head(self) -> Request | None:
        data, at = self._data, self._at
        if not self._line_skipped and data.startswith(b"\r\n", at):
            self._line_skipped = True  # RFC 9112, section 2.2: an empty line before a request is ignored, one
            at = self._at = at + 2
        end = data.find(_END_OF_HEAD, max(at, self._scanned - 3))
        if end < 0:
            self._check_partial_head(data, at)
            self._scanned = len(data)
            return None
        end += 4
        settings = self._settings
        if end - at > settings.max_head_bytes:
            raise _too_long(data, at, settings)
        line = parse_request_line(data, at, max_target_bytes=settings.max_target_bytes)
        check_field_lines(data, line.fields_at, end)
        headers = _read_headers(data, at, line, end)
        if len(headers) > settings.max_headers:
            raise RequestRefused(431, "too many headers")
        self._at, self._scanned = end, 0
        self.heads += 1
        self._line_skipped = False
        request = self._begin(line, tuple(headers))
        if self._body is None:
            return request
        self._head = request
        return self._gather_body(request)

    def _begin(self, line: RequestLine, headers: tuple[tuple[bytes, bytes], ...]) -> Request:
        framing = self.framing = framing_of(headers, minor_version=line.minor_version)
        length = framing.content_length
        body = b""
        self.wants_continue = False
        if length > self._settings.max_body_bytes:
            raise RequestRefused(413, "the body is too large")
        if framing.chunked or length > len(self._data) - self._at or length > self._settings.buffered_body_bytes:
            self.wants_continue = framing.expects_continue
            self._body = _Body(framing, self._settings)
        elif length:
            body = self._data[self._at : self._at + length]
            self._at += length
        target = line.target
        if target[0] != _SLASH and target != b"*":
            # RFC 9112, section 3.2.2: the host of an absolute target stands, whatever the Host header says
            host, target = split_absolute(target)
            headers = ((b"host", host), *(header for header in headers if header[0] != b"host"))
        raw_path, _, query = target.partition(b"?")
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace") if b"%" in raw_path else raw_path.decode("ascii")
        version = "1.1" if line.minor_version else "1.0"
        return Request(
            line.method, line.target, path, raw_path, query, version, headers, body, self._peer, self._secure
        )

    def _check_partial_head(self, data: bytes, at: int) -> None:
        if len(data) - at > self._settings.max_head_bytes:
            raise _too_long(data, at, self._settings)
        # a first byte is looked at apart: the CR that may stand before it belongs to a body
        if data.startswith(b"\n", at):
            raise RequestRefused(400, "malformed request line")
        check_line_ends(data, max(at, self._scanned - 1))
        if data.find(b"\r\n", at) >= max(at, self._scanned - 1):  # a first line is judged as soon as it is complete
            parse_request_line(data, at, max_target_bytes=self._settings.max_target_bytes)


def _too_long(data: bytes, at: int, settings: HttpSettings) -> RequestRefused:
    if data.find(b"\r\n", at, at + settings.max_target_bytes) < 0:
        if data.find(b" ", at, at + settings.max_target_bytes) < 0:
            return RequestRefused(400, "malformed request line")
        return RequestRefused(414, "the request target is too long")
    return RequestRefused(431, "the request head is too large")


def _read_headers(data: bytes, start: int, line: RequestLine, end: int) -> list[tuple[bytes, bytes]]:
    collector = _HeaderCollector()
    try:
        httptools.HttpRequestParser(collector).feed_data(data[start:end])
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        return _read_unusual_headers(data[line.fields_at : end])
    return collector.headers


def _read_unusual_headers(fields: bytes) -> list[tuple[bytes, bytes]]:
    """Headers below a method that httptools does not know, or with a transfer coding that `framing_of` names better."""
    collector = _HeaderCollector()
    parser = httptools.HttpRequestParser(collector)
    parser.set_dangerous_leniencies(lenient_chunked_length=True, lenient_transfer_encoding=True)
    try:
        parser.feed_data(_STAND_IN_LINE + fields)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as exc:
        raise RequestRefused(400, "malformed header") from exc
    return collector.headers


def _with_body(request: Request, body: bytes) -> Request:
    return Request(
        request.method, request.target, request.path, request.raw_path, request.query, request.version,
        request.headers, body, request.peer, request.secure,
    )  # fmt: skip
