"""WebSocket on a bare socket: for peers that behave badly, and for many that behave well."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from wsproto.frame_protocol import FrameProtocol, Opcode

from tests.e2e.peer import Ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.daemon import Address

_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Raw:
    """One connection, its handshake done. Nothing is read unless a method says so."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        #: Whether pings are answered while something is read, and how many there were.
        self.answers = True
        self.pings = 0
        self._frames = FrameProtocol(client=True, extensions=[])

    async def shake_hands(self) -> None:
        """Send the handshake and read its answer."""
        await self.stream.send_all(_HANDSHAKE)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await self._some()
        head, rest = answer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 "), head
        self._frames.receive_bytes(rest)

    async def say(self, *messages: dict[str, object]) -> None:
        """Send messages in one write."""
        await self.stream.send_all(b"".join(text_frame(msgspec.json.encode(message)) for message in messages))

    async def hear(self) -> Any:
        """The next message, decoded, or how the connection ended."""
        message = ""
        while True:
            for frame in self._frames.received_frames():
                if frame.opcode is Opcode.CLOSE:
                    code, reason = frame.payload
                    return Ended(int(code), reason or "")
                if frame.opcode is Opcode.PING:
                    self.pings += 1
                    if self.answers:
                        await self.stream.send_all(self._frames.pong(frame.payload))
                elif frame.opcode is Opcode.TEXT:
                    message += frame.payload
                    if frame.message_finished:
                        return msgspec.json.decode(message)
            try:
                self._frames.receive_bytes(await self._some())
            except trio.BrokenResourceError:
                return Ended(1006, "")

    async def until(self, kind: str) -> dict[str, Any]:
        """Read to the next message of that type."""
        while True:
            message = await self.hear()
            assert not isinstance(message, Ended), message
            if message["type"] == kind:
                return dict(message)

    async def ended(self) -> Ended:
        """Read to the end of the connection."""
        while not isinstance(message := await self.hear(), Ended):
            pass
        return message

    async def bytes(self, count: int) -> bytes:
        """Read exactly *count* bytes, past all parsing."""
        data = bytearray()
        while len(data) < count:
            data += await self._some(count - len(data))
        return bytes(data)

    async def subscribe(self, key: str, *channels: str) -> None:
        """Authenticate and subscribe."""
        subscribes = [{"type": "subscribe", "channel": channel} for channel in channels]
        await self.say({"type": "authenticate", "apiKey": key}, *subscribes)
        for _ in channels:
            await self.until("subscribed")

    async def _some(self, most: int = 65_536) -> bytes:
        data = await self.stream.receive_some(most)
        if not data:
            raise trio.BrokenResourceError("closed without a close frame")
        return bytes(data)


def text_frame(payload: bytes) -> bytes:
    """A text message in one masked frame."""
    return bytes(FrameProtocol(client=True, extensions=[]).send_data(payload.decode(), fin=True))


@asynccontextmanager
async def raw(address: Address, *, receive_buffer: int = 0) -> AsyncIterator[Raw]:
    """A connection; *receive_buffer* bounds what the kernel takes for it, in bytes."""
    link = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await link.connect(address)
    except BaseException:
        link.close()
        raise
    async with trio.SocketStream(link) as stream:
        peer = Raw(stream)
        await peer.shake_hands()
        yield peer
