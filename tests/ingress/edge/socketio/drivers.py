"""The drivers on a running edge, and peers that speak to them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from notifyd.ingress.edge.socketio.api import Refusal, Welcome
from notifyd.ingress.edge.socketio.engine import EngineServer
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.edge.socketio.settings import EngineSettings, SocketIoSettings
from notifyd.wire.http.answer import Answer
from notifyd.wire.socketio.engineio import EngineRules
from notifyd.wire.socketio.session import SocketIoRules
from notifyd.wire.websocket.frames import binary_frame, close_frame, text_frame
from tests.conformance.server import EchoApp, EngineEchoes, Timing
from tests.ingress.edge.edge_harness import KEY, RawPeer, Served, masked, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.api import Ack, Socket
    from notifyd.ingress.edge.socketio.engine_api import AllowedOrigin, Step
    from tests.ingress.edge.edge_harness import Parsed

#: The times of the outside suites.
FAST = Timing(300, 200, 1000)
#: The same heartbeat, with the patience that a loaded machine needs of its peers.
BEATING = Timing(300, 20_000, 20_000)
#: No heartbeat comes between what a test says and hears.
CALM = Timing(60_000, 20_000, 20_000)


class Link(RawPeer):
    """One connection of a peer."""

    async def request(self, method: str, path: str, body: bytes = b"", headers: bytes = b"") -> Parsed:
        head = b"%s %s HTTP/1.1\r\nHost: a\r\n%s" % (method.encode(), path.encode(), headers)
        if body or method == "POST":
            head += b"Content-Length: %d\r\n" % len(body)
        return await self.ask(head + b"\r\n" + body)

    async def upgrade_at(self, path: str) -> int:
        head = b"GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
        return (await self.ask(head % (path.encode(), KEY) + b"Sec-WebSocket-Version: 13\r\n\r\n")).status

    async def say(self, *packets: str | bytes) -> None:
        """Send messages, together."""
        frames = [binary_frame(one) if isinstance(one, bytes) else text_frame(one.encode()) for one in packets]
        await self.send(b"".join(map(masked, frames)))

    async def hear(self) -> str | bytes:
        """The next message; a close is answered, and told as "close" and its code."""
        first, payload = await self.frame()
        if first == 0x88:
            await self.send(masked(close_frame(1000)))
            return f"close {int.from_bytes(payload[:2], 'big')}" if payload else "close"
        return payload if first == 0x82 else payload.decode()

    async def hear_all(self, count: int) -> list[str | bytes]:
        return [await self.hear() for _ in range(count)]

    async def hear_but_pings(self) -> str | bytes:
        while (message := await self.hear()) == "2":
            await self.say("3")
        return message


class Peer:
    """A peer that polls, or opens WebSockets, at one path of a server."""

    def __init__(self, served: Served, path: str) -> None:
        self.served = served
        self.path = path
        self.sid = ""

    def url(self, transport: str, sid: str | None = None) -> str:
        sid = self.sid if sid is None else sid
        return f"{self.path}?EIO=4&transport={transport}" + (f"&sid={sid}" if sid else "")

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        async with self.served.connect() as peer:
            yield Link(peer.stream)

    async def ask(self, method: str, path: str, body: bytes = b"", headers: bytes = b"") -> Parsed:
        async with self.link() as link:
            return await link.request(method, path, body, headers)

    async def begin(self) -> dict[str, Any]:
        """Begin a session with polling."""
        answer = await self.ask("GET", self.url("polling", ""))
        assert answer.status == 200, answer
        assert answer.body[:1] == b"0"
        opened: dict[str, Any] = json.loads(answer.body[1:])
        self.sid = opened["sid"]
        return opened

    async def poll(self) -> tuple[int, str]:
        answer = await self.ask("GET", self.url("polling"))
        return answer.status, answer.body.decode()

    async def post(self, body: str) -> tuple[int, str]:
        answer = await self.ask("POST", self.url("polling"), body.encode())
        return answer.status, answer.body.decode()

    @asynccontextmanager
    async def websocket(self, sid: str = "") -> AsyncIterator[Link]:
        """A WebSocket that consents were given to; with a sid, one that is to relieve polling."""
        async with self.link() as link:
            assert await link.upgrade_at(self.url("websocket", sid)) == 101
            yield link

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Link]:
        """A WebSocket from the start, behind its handshake."""
        async with self.websocket() as link:
            assert str(await link.hear()).startswith("0{")
            yield link

    @asynccontextmanager
    async def connected(self, auth: str = "") -> AsyncIterator[Link]:
        """A WebSocket from the start that is connected to the main namespace of the conformance server."""
        async with self.opened() as link:
            await link.say("40" + auth)
            assert str(await link.hear()).startswith('40{"sid":"')
            assert str(await link.hear()).startswith('42["auth",')
            yield link

    @asynccontextmanager
    async def upgraded(self) -> AsyncIterator[Link]:
        """A session that began with polling, and its WebSocket."""
        await self.begin()
        async with self.websocket(self.sid) as link:
            await link.say("2probe")
            assert await link.hear() == "3probe"
            await link.say("5")
            yield link


class Asked:
    """Answers what no driver takes."""

    def __init__(self) -> None:
        self.engine: EngineServer | SocketIoServer

    def fast(self, request: Request) -> Any:
        answer = self.engine.fast(request)
        return Answer(404, b"not ours") if answer is None else answer

    def upgrade(self, request: Request) -> Any:
        return self.engine.upgrade(request)

    def stream(self, request: Request) -> None:
        return None

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nothing is left to asgi")


@asynccontextmanager
async def conformance(path: str, timing: Timing = CALM) -> AsyncIterator[Peer]:
    """The conformance server's application, and a peer of one of its drivers."""
    app = Asked()
    async with serving(app) as served:
        echo = EchoApp(served.server, timing)
        app.engine = echo.engine if path == "/engine.io/" else echo.sockets
        yield Peer(served, path)


@asynccontextmanager
async def engine(
    application: Any = None, *, allowed_origin: AllowedOrigin = lambda request: None, rules: Any = None, **settings: Any
) -> AsyncIterator[Peer]:
    """An Engine.IO server, which echoes where nothing else is given."""
    app = Asked()
    async with serving(app) as served:
        chosen = EngineSettings(rules=EngineRules(**(rules or {})), **settings)
        server = EngineServer(application or EngineEchoes(), chosen, served.server.deadlines, allowed_origin)
        app.engine = server
        yield Peer(served, "/engine.io/")


class Handler:
    """A namespace handler that remembers what it was told, and does what a test says."""

    def __init__(self) -> None:
        self.socket: Socket
        self.told: list[Any] = []
        self.on_event: Callable[[str, list[Any], Ack | None], Step] = lambda name, arguments, ack: None
        self.heard_count = 0

    def opened(self, socket: Socket) -> None:
        self.socket = socket
        self.told.append("opened")

    def event(self, name: str, arguments: list[Any], ack: Ack | None) -> Step:
        self.told.append((name, arguments))
        return self.on_event(name, arguments, ack)

    def heard(self) -> None:
        self.heard_count += 1

    def proven(self, mark: int) -> None:
        self.told.append(mark)

    def transport_changed(self) -> None:
        self.told.append("transport changed")

    def closed(self, reason: str) -> None:
        self.told.append(reason)


class Recorder:
    """An application that lets everyone in, or decides as a test says."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.asked: list[tuple[str, Any, str, str]] = []
        self.requests: list[Request] = []
        self.decide: Callable[[str], Any] = self.welcome

    def welcome(self, namespace: str) -> Welcome:
        handler = self.handlers[namespace] = Handler()
        return Welcome(handler, "sid-of-" + namespace.strip("/"))

    def connect(self, namespace: str, auth: Any, request: Request, transport: str) -> Any:
        self.requests.append(request)
        self.asked.append((namespace, auth, request.path, transport))
        return self.decide(namespace)


@asynccontextmanager
async def sockets(
    application: Any, *, rules: Any = None, engine: Any = None, heartbeat: Any = None
) -> AsyncIterator[Peer]:
    """A Socket.IO server."""
    app = Asked()
    async with serving(app) as served:
        settings = SocketIoSettings(
            engine=EngineSettings(path="/socket.io/", rules=EngineRules(**(heartbeat or {})), **(engine or {})),
            rules=msgspec.structs.replace(SocketIoRules(), **(rules or {})),
        )
        app.engine = SocketIoServer(application, settings, served.server.deadlines)
        yield Peer(served, "/socket.io/")


REFUSED = Refusal("not you", {"code": "nobody"})


async def connect(link: Link, namespace: str = "") -> None:
    await link.say("40" + namespace)
    assert str(await link.hear()).startswith("40" + namespace)


async def until_told(handler: Handler, *told: Any) -> None:
    while handler.told != ["opened", *told]:
        await trio.lowlevel.checkpoint()
