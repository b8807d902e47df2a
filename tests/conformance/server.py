"""The daemon's own edge and its protocol drivers under tiny applications, for outside protocol suites to be pointed at.

`/engine.io/` is Engine.IO and echoes every message. `/socket.io/` is Socket.IO: the namespaces `/` and `/custom` emit
`auth` with the payload of the CONNECT, answer `message` with `message-back`, ack `message-with-ack`, and answer
`ask-me` with `asked`, whose ack comes back as `answered`, always with the same arguments; other namespaces are invalid.
On every other path, a WebSocket echoes text as text and binary as binary, up to 16 MiB, and HTTP answers every method
with 200, and a body with the same body.

Run: `python tests/conformance/server.py --port P`; it prints the port.
"""

from __future__ import annotations

import argparse
import math
import secrets
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
import trio

from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.settings import EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.ingress.edge.socketio.api import Refusal, Welcome
from notifyd.ingress.edge.socketio.engine import EngineServer
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.edge.socketio.settings import EngineSettings, SocketIoSettings
from notifyd.wire.http.answer import Answer
from notifyd.wire.socketio.engineio import (
    EngineRules,
    polling_binary,
    polling_text,
    websocket_binary,
    websocket_text,
)
from notifyd.wire.socketio.session import SocketIoRules
from notifyd.wire.websocket.frames import binary_frame, text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import LongPoll, Pending
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.api import Ack, Socket
    from notifyd.ingress.edge.socketio.engine_api import EngineLink
    from notifyd.ingress.edge.websocket.socket import WebSocket

MAX_BYTES = 16 * 1024 * 1024
MAX_PAYLOAD = 1_000_000
CONTENT_TYPE = [(b"content-type", b"application/octet-stream")]


class Echo:
    """Sends every WebSocket message back."""

    def opened(self, ws: WebSocket) -> None:
        self.ws = ws

    def text(self, payload: bytes) -> None:
        self._put(text_frame(payload))

    def binary(self, payload: bytes) -> None:
        self._put(binary_frame(payload))

    def taken(self) -> None:
        pass

    def pong(self, payload: bytes) -> None:
        pass

    def closed(self, code: int, reason: str) -> None:
        pass

    def _put(self, frame: bytes) -> None:
        if not self.ws.put(frame):
            self.ws.close(4008, "slow consumer")


class EngineEcho:
    """Sends every Engine.IO message back."""

    due = math.inf

    def on_deadline(self, now: float) -> None:
        pass

    def opened(self, link: EngineLink) -> None:
        self.link = link

    def text(self, data: bytes) -> None:
        self._put(websocket_text if self.link.transport == "websocket" else polling_text, data)

    def binary(self, data: bytes) -> None:
        self._put(websocket_binary if self.link.transport == "websocket" else polling_binary, data)

    def pong(self) -> None:
        pass

    def transport_changed(self) -> None:
        pass

    def closed(self, reason: str) -> None:
        pass

    def _put(self, encode: Any, data: bytes) -> None:
        if not self.link.put(encode(data)):
            self.link.close(4008, "slow consumer")


class EngineEchoes:
    """Takes every Engine.IO connection."""

    def accept(self, request: Request) -> EngineEcho:
        return EngineEcho()


class NamespaceEcho:
    """Serves one namespace of one Socket.IO connection."""

    def __init__(self, namespaces: Namespaces, auth: Any) -> None:
        self.namespaces = namespaces
        self.auth = {} if auth is None else auth

    def opened(self, socket: Socket) -> None:
        self.socket = socket
        self.namespaces.greet(self)

    def greet(self) -> None:
        self._say("auth", self.auth)

    def event(self, name: str, arguments: list[Any], ack: Ack | None) -> None:
        if name == "message":
            self._say("message-back", *arguments)
        elif name == "message-with-ack" and ack is not None:
            ack(*arguments)
        elif name == "ask-me":
            self.socket.emit_with_ack("asked", *arguments, on_ack=lambda answer: self._say("answered", *answer))

    def heard(self) -> None:
        pass

    def proven(self, mark: int) -> None:
        pass

    def transport_changed(self) -> None:
        pass

    def closed(self, reason: str) -> None:
        pass

    def _say(self, event: str, *arguments: Any) -> None:
        if not self.socket.emit(event, *arguments):
            self.socket.close(4008, "slow consumer")


class Namespaces:
    """Takes the connections of `/` and `/custom`."""

    def __init__(self, server: EdgeServer) -> None:
        self._deadlines = server.deadlines

    def connect(self, namespace: str, auth: Any, request: Request, transport: str) -> Welcome | Refusal:
        if namespace not in ("/", "/custom"):
            return Refusal("Invalid namespace")
        return Welcome(NamespaceEcho(self, auth), secrets.token_urlsafe(15))

    def greet(self, echo: NamespaceEcho) -> None:
        """Not at once: a peer that asks for message after message may miss the second of two that come together."""
        self._deadlines.at(trio.current_time() + 0.02, echo.greet)


class Timing(msgspec.Struct, frozen=True):
    """The flags, in milliseconds."""

    ping_interval: int = 25_000
    ping_timeout: int = 20_000
    connect_timeout: int = 45_000

    def engine(self, path: str) -> EngineSettings:
        rules = EngineRules(self.ping_interval / 1000, self.ping_timeout / 1000, MAX_PAYLOAD, 4 * MAX_BYTES)
        return EngineSettings(path=path, rules=rules)

    def sockets(self) -> SocketIoSettings:
        rules = SocketIoRules(connect_timeout_seconds=self.connect_timeout / 1000)
        return SocketIoSettings(engine=self.engine("/socket.io/"), rules=rules)


class EchoApp:
    """Asks the drivers, and answers everything else with what it brought."""

    def __init__(self, server: EdgeServer, timing: Timing) -> None:
        deadlines = server.deadlines
        self.engine = EngineServer(EngineEchoes(), timing.engine("/engine.io/"), deadlines, lambda request: "*")
        self.sockets = SocketIoServer(Namespaces(server), timing.sockets(), deadlines, lambda request: "*")

    def fast(self, request: Request) -> Answer | Pending | LongPoll:
        ours = self.engine.fast(request) or self.sockets.fast(request)
        if ours is not None:
            return ours
        content_type = request.header(b"content-type") or b"application/octet-stream"
        return Answer(200, request.body, content_type)

    def upgrade(self, request: Request) -> Upgrade | Answer:
        return self.engine.upgrade(request) or self.sockets.upgrade(request) or Upgrade(Echo())

    def stream(self, request: Request) -> None:
        return None

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes the bodies that the edge streams; the answer waits, as many a peer sends all before it reads any."""
        ours = self.engine.owns(scope["path"]) or self.sockets.owns(scope["path"])
        body = bytearray()
        event = await receive()
        while event["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                await send({"type": "http.response.start", "status": 400 if ours else 200, "headers": CONTENT_TYPE})
                await send({"type": "http.response.body", "body": bytes(body)})
                return
            event = await receive()


SETTINGS = EdgeSettings(
    http=HttpSettings(max_body_bytes=MAX_BYTES),
    websocket=WebSocketSettings(max_message_bytes=MAX_BYTES, outbox_bytes=2 * MAX_BYTES),
)


async def main(host: str, port: int, timing: Timing) -> None:
    server = EdgeServer(SETTINGS)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        sockets = open_sockets(host, port)
        server.listen(sockets, EchoApp(server, timing))
        print(sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    for flag in Timing.__struct_fields__:
        default = getattr(Timing(), flag)
        first, *words = flag.split("_")
        names = (f"--{flag.replace('_', '-')}", f"--{first}{''.join(word.title() for word in words)}")
        parser.add_argument(*names, dest=flag, type=int, default=default, help=f"milliseconds [{default}]")
    arguments = parser.parse_args()
    # a suite makes thousands of mistakes, and whoever started this may read no more than the port
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    timed = Timing(*(getattr(arguments, flag) for flag in Timing.__struct_fields__))
    trio.run(main, arguments.host, arguments.port, timed)
