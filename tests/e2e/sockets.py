"""WebSocket, Engine.IO and Socket.IO on bare sockets: everything that is said is said by the test itself."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import trio
from wsproto.frame_protocol import FrameProtocol, Opcode

from tests.e2e.peer import Ended
from tests.e2e.rest import Reply, Rest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Address = tuple[str, int]

ENGINE: Final = "/socket.io/?EIO=4"


class Refused(Exception):
    """A handshake was answered with something else than 101; the message is the answer."""


class WebSocket:
    """One WebSocket; pings are answered and counted."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.pings = 0
        self._frames = FrameProtocol(client=True, extensions=[])
        self._part: str | bytes | bytearray = ""

    async def shake_hands(self, target: str, *headers: str) -> None:
        """Ask for *target*.

        Raises:
            Refused: the answer was no consent.
            trio.BrokenResourceError: there was none.
        """
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *headers, "", ""]
        await self.stream.send_all("\r\n".join(lines).encode("utf-8"))
        answer = b""
        while b"\r\n\r\n" not in answer:
            data = await self.stream.receive_some(65_536)
            answer += data
            if not data and not answer:
                raise trio.BrokenResourceError("it ended before it answered")
            if not data:
                raise Refused(answer.decode())
        head, rest = answer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Refused(answer.decode())
        self._frames.receive_bytes(rest)

    async def send(self, *texts: str) -> None:
        """Text messages, in one write."""
        await self.stream.send_all(b"".join(text_frame(text) for text in texts))

    async def send_binary(self, data: bytes) -> None:
        """A binary message."""
        await self.stream.send_all(bytes(FrameProtocol(client=True, extensions=[]).send_data(data, fin=True)))

    async def hear(self) -> str | bytes | Ended:
        """The next message, or how it ended."""
        while True:
            for frame in self._frames.received_frames():
                if frame.opcode is Opcode.CLOSE:
                    code, reason = frame.payload
                    return Ended(int(code), reason or "")
                if frame.opcode is Opcode.PING:
                    self.pings += 1
                    await self.stream.send_all(self._frames.pong(frame.payload))
                elif frame.opcode in (Opcode.TEXT, Opcode.BINARY):
                    self._part = self._part + frame.payload if self._part else frame.payload
                    if frame.message_finished:
                        message, self._part = self._part, ""
                        return message if isinstance(message, str) else bytes(message)
            try:
                data = await self.stream.receive_some(65_536)
            except trio.BrokenResourceError:
                return Ended(1006, "")
            if not data:
                return Ended(1006, "")
            self._frames.receive_bytes(data)

    async def ended(self) -> Ended:
        """Read to the end of it."""
        while not isinstance(message := await self.hear(), Ended):
            pass
        return message


def text_frame(text: str) -> bytes:
    """A text message in one masked frame."""
    return bytes(FrameProtocol(client=True, extensions=[]).send_data(text, fin=True))


async def open_websocket(address: Address, target: str, *headers: str, receive_buffer: int = 0) -> WebSocket:
    """A WebSocket at *target*; whoever asks for it closes its stream.

    *receive_buffer* bounds what the kernel takes for it, in bytes.
    """
    link = trio.socket.socket()
    if receive_buffer:
        link.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, receive_buffer)
    stream = trio.SocketStream(link)
    ws = WebSocket(stream)
    try:
        await link.connect(address)
        await ws.shake_hands(target, *headers)
    except BaseException:
        with trio.CancelScope(shield=True):
            await stream.aclose()
        raise
    return ws


@asynccontextmanager
async def websocket(address: Address, target: str, *headers: str, receive_buffer: int = 0) -> AsyncIterator[WebSocket]:
    """A WebSocket at *target*; see `open_websocket`."""
    ws = await open_websocket(address, target, *headers, receive_buffer=receive_buffer)
    async with ws.stream:
        yield ws


class Polling:
    """One polling session; a connection for GET and one for POST."""

    def __init__(self, get: Rest, post: Rest, query: str = "", **headers: str) -> None:
        self._get = get
        self._post = post
        self._query = query
        self._headers = headers
        self._waiting: list[str] = []
        self.sid = ""

    @property
    def target(self) -> str:
        """Of its requests."""
        return f"{ENGINE}&transport=polling{self._query}" + (f"&sid={self.sid}" if self.sid else "")

    async def open(self) -> dict[str, Any]:
        """The handshake; what it says."""
        reply = await self._get.call("GET", self.target, **self._headers)
        assert reply.status == 200, reply
        opening: dict[str, Any] = msgspec.json.decode(reply.body[1:])
        self.sid = opening["sid"]
        return opening

    async def poll(self) -> Reply:
        """One GET."""
        return await self._get.call("GET", self.target, **self._headers)

    async def post(self, body: str | bytes) -> Reply:
        """One POST."""
        content = body.encode() if isinstance(body, str) else body
        return await self._post.send("POST", self.target, content, **self._headers)

    async def send(self, *packets: str) -> None:
        """Engine.IO packets."""
        reply = await self.post("\x1e".join(packets))
        assert (reply.status, reply.body) == (200, b"ok"), reply

    async def hear(self) -> str | Ended:
        """The next packet, or the end."""
        while not self._waiting:
            reply = await self.poll()
            if reply.status != 200:
                return Ended(reply.status, reply.body.decode())
            self._waiting = reply.body.decode().split("\x1e")
        return self._waiting.pop(0)


@asynccontextmanager
async def polling(address: Address, query: str = "", **headers: str) -> AsyncIterator[Polling]:
    """A polling session, opened, and closed unless it is over by then."""
    async with await trio.open_tcp_stream(*address) as get, await trio.open_tcp_stream(*address) as post:
        session = Polling(Rest(get, "localhost"), Rest(post, "localhost"), query, **headers)
        await session.open()
        yield session
    async with await trio.open_tcp_stream(*address) as last:
        await Rest(last, "localhost").send("POST", session.target, b"1", **headers)


class SocketIo:
    """Socket.IO over either; answers Engine.IO's pings and counts them."""

    def __init__(self, carrier: WebSocket | Polling) -> None:
        self.carrier = carrier
        self.pings = 0
        #: Of the namespace that was connected last.
        self.namespace = ""
        self.sid = ""
        self.pid = ""
        #: The text that the last event ended with, as a stock client keeps it.
        self.offset: str | None = None
        self._ids = itertools.count()

    async def hear(self) -> str | Ended:
        """The next packet of Socket.IO, or the end."""
        while True:
            packet = await self.carrier.hear()
            if isinstance(packet, Ended):
                return packet
            assert isinstance(packet, str), packet
            if packet == "2":
                self.pings += 1
                await self.carrier.send("3")
            elif packet == "1":
                return Ended(1000, "close packet")
            elif packet[:1] == "4":
                return packet[1:]

    async def connect(self, namespace: str, auth: dict[str, Any] | None = None) -> dict[str, Any]:
        """CONNECT; the payload of the answer, which has an `error` where it is a refusal."""
        payload = "" if auth is None else msgspec.json.encode(auth).decode()
        await self.carrier.send(f"40{namespace},{payload}")
        while True:
            packet = await self.hear()
            assert isinstance(packet, str), packet
            if packet.startswith(f"0{namespace},"):
                answer: dict[str, Any] = msgspec.json.decode(packet[len(namespace) + 2 :])
                self.namespace, self.sid, self.pid = namespace, answer["sid"], answer.get("pid", "")
                return answer
            if packet.startswith(f"4{namespace},"):
                return {"error": msgspec.json.decode(packet[len(namespace) + 2 :])}

    async def emit(self, event: str, *arguments: Any) -> int:
        """An event with an ack asked for; its id."""
        number = next(self._ids)
        await self.carrier.send(f"42{self.namespace},{number}{msgspec.json.encode([event, *arguments]).decode()}")
        return number

    async def ask(self, event: str, *arguments: Any) -> tuple[Any, list[list[Any]]]:
        """An event and its ack; with the events that came before it."""
        number, before = await self.emit(event, *arguments), []
        while True:
            packet = await self.hear()
            assert isinstance(packet, str), packet
            if packet.startswith(f"3{self.namespace},{number}["):
                answer = msgspec.json.decode(packet[packet.index("[") :])
                return (answer[0] if answer else None), before
            if packet.startswith(f"2{self.namespace},"):
                before.append(self.event(packet))

    def event(self, packet: str) -> list[Any]:
        event: list[Any] = msgspec.json.decode(packet[packet.index("[") :])
        if isinstance(event[-1], str) and len(event) > 1:
            self.offset = event.pop()
        return event
