"""HTTP/2 by hand, to say to the server what grpcio's client would not."""

from __future__ import annotations

import trio

DATA, HEADERS, RST, SETTINGS, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

Fields = tuple[tuple[bytes, bytes], ...]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _text(value: bytes) -> bytes:
    """A string literal of HPACK, without Huffman coding (RFC 7541, section 5)."""
    size = len(value)
    if size < 127:
        return bytes((size,)) + value
    size -= 127
    digits = bytearray((127,))
    while size >= 128:
        digits.append(size % 128 + 128)
        size //= 128
    return bytes((*digits, size)) + value


def head(path: bytes, extra: Fields = ()) -> bytes:
    """The fields of a call, each a literal that is not indexed."""
    fields = (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"localhost"),
        (b"content-type", b"application/grpc"), (b"te", b"trailers"), *extra,
    )  # fmt: skip
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in fields)


async def connect(port: int, *, window: int | None = None) -> trio.SocketStream:
    """A connection after its preface; *window* is how much the server may send on a stream."""
    peer = trio.socket.socket()
    peer.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)  # soon full
    await peer.connect(("127.0.0.1", port))
    stream = trio.SocketStream(peer)
    settings = b"" if window is None else (4).to_bytes(2) + window.to_bytes(4)
    await stream.send_all(PREFACE + frame(SETTINGS, 0, 0, settings))
    if await stream.receive_some():
        # limits that a peer has not acknowledged are not in force
        await stream.send_all(frame(SETTINGS, ACK, 0, b""))
    if window:
        # the one of the connection begins with 65,535
        await stream.send_all(frame(WINDOW_UPDATE, 0, 0, (window - 65_535).to_bytes(4)))
    return stream


async def say(stream: trio.SocketStream, path: bytes, message: bytes, extra: Fields = (), *, number: int = 1) -> None:
    """Make one call; headers over 16 KB go on in further frames."""
    block = head(path, extra)
    parts = [block[start : start + 16_000] for start in range(0, len(block), 16_000)]
    out = b""
    for index, part in enumerate(parts):
        flags = END_HEADERS if index == len(parts) - 1 else 0
        out += frame(HEADERS if index == 0 else 9, flags, number, part)
    body = b"\0" + len(message).to_bytes(4) + message
    await stream.send_all(out + frame(DATA, END_STREAM, number, body))


async def answer(stream: trio.SocketStream) -> bytes:
    """All that the server says until a call has ended, or the connection."""
    buffer = b""
    while True:
        while len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3]):
            size, kind, flags = int.from_bytes(buffer[:3]), buffer[3], buffer[4]
            payload, buffer = buffer[9 : 9 + size], buffer[9 + size :]
            if kind in (RST, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
                return payload
        chunk = await stream.receive_some()
        if not chunk:
            return b""
        buffer += chunk
