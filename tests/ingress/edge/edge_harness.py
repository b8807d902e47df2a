"""A running edge on loopback and a peer that speaks raw bytes to it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import trio

from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.settings import ConnectionSettings, EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.wire.http.answer import Answer
from notifyd.wire.websocket.frames import binary_frame, close_frame, text_frame

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import AsyncIterator, Awaitable, Callable

    from notifyd.ingress.edge.http.app import StreamHandler
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.websocket.socket import WebSocket

PATIENCE = 20  # never reached by a test that passes
KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % KEY
)


class Parsed(NamedTuple):
    """One answer."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class Recorder:
    """A handler that echoes and remembers what it was told."""

    def __init__(self) -> None:
        self.received: list[bytes] | deque[bytes] = []
        self.pongs: list[bytes] = []
        self.ended: tuple[int, str] | None = None
        self.gone = trio.Event()

    def opened(self, ws: WebSocket) -> None:
        self.ws = ws

    def text(self, payload: bytes) -> Any:
        self.received.append(payload)
        self.ws.put(text_frame(payload))

    def binary(self, payload: bytes) -> Any:
        self.received.append(payload)
        self.ws.put(binary_frame(payload))

    def taken(self) -> None:
        pass

    def pong(self, payload: bytes) -> None:
        self.pongs.append(payload)

    def closed(self, code: int, reason: str) -> None:
        assert self.ended is None, "closed is told once"
        self.ended = (code, reason)
        self.gone.set()


class EchoApp:
    """Answers with the body, or as its attributes say."""

    def __init__(self) -> None:
        self.requests: list[Request] | deque[Request] = []
        self.answer: Callable[[Request], Any] = lambda request: Answer(200, request.body, b"text/plain")
        self.upgraded: Callable[[Request], Any] = lambda request: Upgrade(self.recorder)
        self.streamed: Callable[[Request], StreamHandler | None] = lambda request: None
        self.recorder = Recorder()

    def fast(self, request: Request) -> Any:
        self.requests.append(request)
        return self.answer(request)

    def upgrade(self, request: Request) -> Any:
        return self.upgraded(request)

    def stream(self, request: Request) -> StreamHandler | None:
        return self.streamed(request)

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body, more = body + event["body"], event["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/asgi")]})
        await send({"type": "http.response.body", "body": b"%d" % len(body)})


class RawPeer:
    """Sends and receives bytes."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.buffer = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def send_for_ever(self, data: bytes) -> None:
        while True:
            await self.send(data)

    async def end(self) -> None:
        assert isinstance(self.stream, trio.SocketStream)
        await self.stream.send_eof()

    async def take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            await self._more()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    async def rest(self) -> bytes:
        """Everything until the server closes; a reset counts as a close."""
        try:
            while data := await self.stream.receive_some(65536):
                self.buffer += data
        except trio.BrokenResourceError:
            pass
        taken, self.buffer = self.buffer, b""
        return taken

    async def answer(self, *, to_head: bool = False) -> Parsed:
        while b"\r\n\r\n" not in self.buffer:
            await self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        status = int(line.split(b" ")[1])
        length = 0 if to_head or status < 200 or status in (204, 304) else int(headers.get(b"content-length", b"0"))
        return Parsed(status, headers, await self.take(length))

    async def ask(self, data: bytes) -> Parsed:
        await self.send(data)
        return await self.answer()

    async def _more(self) -> None:
        data = await self.stream.receive_some(65536)
        assert data, f"the server closed; unread: {self.buffer!r}"
        self.buffer += data

    # WebSocket

    async def upgrade(self, *, first: bytes = b"") -> None:
        await self.send(HANDSHAKE + first)
        assert (await self.answer()).status == 101

    async def frame(self) -> tuple[int, bytes]:
        first, length = await self.take(2)
        if length == 126:
            length = int.from_bytes(await self.take(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.take(8), "big")
        return first, await self.take(length)

    async def closed_with(self) -> int:
        """The code of the close frame that comes next, after which the server closes."""
        first, payload = await self.frame()
        assert first == 0x88, (first, payload)
        await self.send(masked(close_frame(1000)))
        assert await self.rest() == b""
        return int.from_bytes(payload[:2], "big") if payload else 1005


def masked(frame: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A server's frame as a client sends it."""
    length = frame[1] & 0x7F
    head = 4 if length == 126 else 10 if length == 127 else 2
    payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(frame[head:]))
    return bytes((frame[0], frame[1] | 0x80)) + frame[2:head] + mask + payload


def text(payload: bytes) -> bytes:
    """A client's text message."""
    return masked(text_frame(payload))


def raw_frame(first: int, payload: bytes = b"") -> bytes:
    """A client's frame with any first byte and at most 125 bytes."""
    return masked(bytes((first, len(payload))) + payload)


class Served:
    """A running server."""

    def __init__(self, server: EdgeServer, port: int, app: Any) -> None:
        self.server = server
        self.port = port
        self.app = app

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[RawPeer]:
        stream = await trio.open_tcp_stream("127.0.0.1", self.port)
        try:
            yield RawPeer(stream)
        finally:
            await trio.aclose_forcefully(stream)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the server run until *condition* holds; the test's own patience bounds it."""
        while not condition():  # noqa: ASYNC110 - what the server does inside has no event to wait for
            await trio.sleep(0.001)


@asynccontextmanager
async def serving(
    app: Any = None,
    *,
    http: dict[str, Any] | None = None,
    websocket: dict[str, Any] | None = None,
    connections: dict[str, Any] | None = None,
    tls: Any = None,
) -> AsyncIterator[Served]:
    """Serve *app* on a free port for as long as the block lasts, with a bound on its time."""
    settings = EdgeSettings(
        http=msgspec.structs.replace(HttpSettings(), **(http or {})),
        websocket=msgspec.structs.replace(WebSocketSettings(), **(websocket or {})),
        connections=msgspec.structs.replace(ConnectionSettings(), **(connections or {})),
    )
    app = app or EchoApp()
    server = EdgeServer(settings)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            sockets = open_sockets("127.0.0.1", 0)
            server.listen(sockets, app, tls=tls)
            try:
                yield Served(server, sockets[0].getsockname()[1], app)
            finally:
                server.stop_listening()
                nursery.cancel_scope.cancel()


async def one_answer(data: bytes, **settings: Any) -> Parsed:
    """What a fresh server answers to *data*."""
    async with serving(**settings) as served, served.connect() as peer:
        return await peer.ask(data)


async def whole_talk(data: bytes, **settings: Any) -> bytes:
    """Everything that a fresh server says to *data*, up to its close."""
    async with serving(**settings) as served, served.connect() as peer:
        await peer.send(data)
        return await peer.rest()


def asgi_app(function: Callable[..., Awaitable[None]]) -> EchoApp:
    """An application that gives everything to *function*."""
    app = EchoApp()
    app.answer = lambda request: None
    app.asgi = function  # type: ignore[method-assign]
    return app
