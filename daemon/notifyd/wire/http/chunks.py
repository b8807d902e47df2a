"""The chunked transfer coding of RFC 9112, section 7.1, read strictly and in bounded memory."""

from __future__ import annotations

import re

from notifyd.wire.http.head import RequestRefused, check_field_lines, check_line_ends

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
# the size, then extensions that are checked and dropped (RFC 9112, section 7.1.1)
_SIZE_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*"
)
_MAX_LINE_BYTES = 256
_MAX_EXTENSION_BYTES = 4096
_MAX_SIZE = 1 << 62


class ChunkedReader:
    """Takes the bytes of a chunked body as they come and gives back what they carry.

    Feed it until `finished`; `feed` tells how far it read, what follows belongs to the next request.
    """

    __slots__ = ("_buffer", "_extension_bytes", "_in_trailer", "_max_trailer_bytes", "_remaining", "finished")

    def __init__(self, *, max_trailer_bytes: int) -> None:
        self._buffer = b""  # an incomplete size line or trailer
        self._remaining = 0  # bytes of the chunk that are still to come
        self._extension_bytes = 0
        self._in_trailer = False
        self._max_trailer_bytes = max_trailer_bytes
        self.finished = False

    @property
    def promised(self) -> int:
        """Bytes of the body that the present chunk still has to bring."""
        return max(0, self._remaining - 2)

    def feed(self, data: bytes, start: int, body: bytearray) -> int:
        """Append the body bytes in *data* from *start* on to *body*; the place in *data* up to which it read.

        Raises:
            RequestRefused: 400 for malformed chunks or trailers, 431 for too many trailers.
        """
        if self._buffer:
            held = len(self._buffer)
            data = self._buffer + data[start:]
            self._buffer = b""
            return start - held + self._feed(data, 0, body)
        return self._feed(data, start, body)

    def _feed(self, data: bytes, at: int, body: bytearray) -> int:
        size = len(data)
        while at < size and not self.finished:
            if self._remaining > 2:  # 2 of them are the CR LF that ends the chunk
                taken = min(self._remaining - 2, size - at)
                body += data[at : at + taken]
                self._remaining -= taken
                at += taken
            elif self._remaining:
                at = self._chunk_end(data, at)
            else:
                after = self._trailer(data, at) if self._in_trailer else self._size_line(data, at)
                if after < 0:
                    self._buffer = data[at:]
                    return size
                at = after
        return at

    def _chunk_end(self, data: bytes, at: int) -> int:
        if data[at] != b"\n\r"[self._remaining - 1]:
            raise RequestRefused(400, "a chunk ends with CR LF")
        self._remaining -= 1
        return at + 1

    def _size_line(self, data: bytes, at: int) -> int:
        end = data.find(b"\r\n", at, at + _MAX_LINE_BYTES)
        if end < 0:
            if len(data) - at >= _MAX_LINE_BYTES or b"\n" in data[at:]:
                raise RequestRefused(400, "malformed chunk size")
            return -1
        match = _SIZE_LINE.fullmatch(data, at, end)
        if match is None:
            raise RequestRefused(400, "malformed chunk size")
        digits = match[1]
        self._extension_bytes += end - at - len(digits)
        chunk = int(digits, 16)
        if chunk > _MAX_SIZE or self._extension_bytes > _MAX_EXTENSION_BYTES:
            raise RequestRefused(400, "malformed chunk size")
        if chunk:
            self._remaining = chunk + 2
        else:
            self._in_trailer = True
        return end + 2

    def _trailer(self, data: bytes, at: int) -> int:
        if data.startswith(b"\r\n", at):
            self.finished = True
            return at + 2
        end = data.find(b"\r\n\r\n", at)
        if end - at > self._max_trailer_bytes or (end < 0 and len(data) - at > self._max_trailer_bytes):
            raise RequestRefused(431, "the trailers are too large")
        if end < 0:
            check_line_ends(data, at)
            return -1
        check_field_lines(data, at, end + 4)
        self.finished = True
        return end + 4
