"""WebSocket frames as a server writes them, and the ordinary ones as it reads them (RFC 6455, section 5)."""

from __future__ import annotations

from msgspec import Struct

TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA
_FIN = 0x80
_MASKED = 0x80
_LENGTH = 0x7F
_MAX_CONTROL_PAYLOAD = 125
_MAX_REASON_BYTES = _MAX_CONTROL_PAYLOAD - 2


def text_frame(payload: bytes) -> bytes:
    """A whole text message; *payload* is UTF-8."""
    return _frame(TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """A whole binary message."""
    return _frame(BINARY, payload)


def ping_frame(payload: bytes = b"") -> bytes:
    """A ping with at most 125 bytes.

    Raises:
        ValueError: *payload* is longer.
    """
    return _control_frame(PING, payload)


def pong_frame(payload: bytes = b"") -> bytes:
    """The answer to a ping, which repeats its payload.

    Raises:
        ValueError: *payload* is longer than 125 bytes.
    """
    return _control_frame(PONG, payload)


def close_frame(code: int | None, reason: str = "") -> bytes:
    """A close with *code*, or an empty one for None; the reason is cut to what fits, never inside a character."""
    if code is None:
        return _control_frame(CLOSE, b"")
    text = reason.encode("utf-8", "replace")
    if len(text) > _MAX_REASON_BYTES:
        text = text[:_MAX_REASON_BYTES].decode("utf-8", "ignore").encode("utf-8")
    return _control_frame(CLOSE, code.to_bytes(2, "big") + text)


def may_close_with(code: int) -> bool:
    """Whether a peer may send *code*: registered by RFC 6455 or with IANA (1012 to 1014), of a library, or private."""
    return code in _CLOSE_CODES or 3000 <= code <= 4999


# 1004 is reserved; 1005, 1006 and 1015 tell of closes without a frame and never stand in one
_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015)))


def _control_frame(opcode: int, payload: bytes) -> bytes:
    if len(payload) > _MAX_CONTROL_PAYLOAD:
        raise ValueError("a control frame carries at most 125 bytes")
    return bytes((_FIN | opcode, len(payload))) + payload


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, length)) + payload
    if length < 65536:
        return b"%c\x7e%b%b" % (_FIN | opcode, length.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (_FIN | opcode, length.to_bytes(8, "big"), payload)


class FrameHead(Struct, frozen=True, gc=False):
    """Where a frame of a client begins and ends, read from its first bytes."""

    opcode: int
    #: a whole text, binary, ping or pong frame without anything unusual about it
    ordinary: bool
    #: length of the payload
    length: int
    #: place of the payload in the data; the four bytes before it are the mask
    payload_at: int
    #: place after the frame, which may lie behind the data that is here
    end: int


def frame_head(data: bytes, at: int) -> FrameHead | None:
    """The head of the frame that begins at *at*; None until enough of it is here."""
    available = len(data) - at
    if available < 2:
        return None
    first, second = data[at], data[at + 1]
    length = second & _LENGTH
    head = 2
    minimal = True
    if length == 126:
        head, length = 4, int.from_bytes(data[at + 2 : at + 4], "big")
        minimal = length > 125
    elif length == 127:
        head, length = 10, int.from_bytes(data[at + 2 : at + 10], "big")
        minimal = 65535 < length < 1 << 63
    masked = second >= _MASKED
    payload_at = at + head + 4 * masked
    if available < payload_at - at:
        return None
    plain = masked and minimal and first in _ORDINARY and (length < 126 or first in _ORDINARY_DATA)
    return FrameHead(first & 0x0F, plain, length, payload_at, payload_at + length)


_ORDINARY = frozenset(_FIN | opcode for opcode in (TEXT, BINARY, PING, PONG))
_ORDINARY_DATA = frozenset((_FIN | TEXT, _FIN | BINARY))
_XOR = [bytes(a ^ b for a in range(256)) for b in range(256)]
# below this, one big integer is quicker than four strided translations
_SMALL = 512


def unmask(data: bytes, at: int, end: int) -> bytes:
    """The payload between *at* and *end*, whose mask is the four bytes before it."""
    size = end - at
    if size <= _SMALL:
        mask = data[at - 4 : at] * ((size + 3) >> 2)
        return (int.from_bytes(data[at:end], "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")
    payload = bytearray(data[at:end])
    for place in range(4):
        payload[place::4] = payload[place::4].translate(_XOR[data[at - 4 + place]])
    return bytes(payload)
