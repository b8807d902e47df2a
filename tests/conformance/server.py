"""The daemon's own HTTP and WebSocket edge under a tiny application, for outside protocol suites to be pointed at.

A WebSocket on any path echoes text as text and binary as binary, up to 16 MiB. HTTP answers every method and path with
200, and a body with the same body. Run: `python tests/conformance/server.py --port P`; it prints the port.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import structlog
import trio

from notifyd.ingress.edge.http_app import Upgrade
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.settings import EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.wire.http_answer import Answer
from notifyd.wire.websocket import binary_frame, text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.http_request import Request
    from notifyd.ingress.edge.websocket import WebSocket

MAX_BYTES = 16 * 1024 * 1024
CONTENT_TYPE = [(b"content-type", b"application/octet-stream")]


class Echo:
    """Sends every message back."""

    def opened(self, ws: WebSocket) -> None:
        self.ws = ws

    def text(self, payload: bytes) -> None:
        self._put(text_frame(payload))

    def binary(self, payload: bytes) -> None:
        self._put(binary_frame(payload))

    def pong(self, payload: bytes) -> None:
        pass

    def closed(self, code: int, reason: str) -> None:
        pass

    def _put(self, frame: bytes) -> None:
        if not self.ws.put(frame):
            self.ws.close(4008, "slow consumer")


class EchoApp:
    """Answers everything with what it brought."""

    def fast(self, request: Request) -> Answer | None:
        content_type = request.header(b"content-type") or b"application/octet-stream"
        return Answer(200, request.body, content_type)

    def upgrade(self, request: Request) -> Upgrade:
        return Upgrade(Echo())

    def stream(self, request: Request) -> None:
        return None

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        """Takes the bodies that the edge streams; the answer waits, as many a peer sends all before it reads any."""
        body = bytearray()
        event = await receive()
        while event["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                await send({"type": "http.response.start", "status": 200, "headers": CONTENT_TYPE})
                await send({"type": "http.response.body", "body": bytes(body)})
                return
            event = await receive()


SETTINGS = EdgeSettings(
    http=HttpSettings(max_body_bytes=MAX_BYTES),
    websocket=WebSocketSettings(max_message_bytes=MAX_BYTES, outbox_bytes=2 * MAX_BYTES),
)


async def main(host: str, port: int) -> None:
    server = EdgeServer(SETTINGS)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        sockets = open_sockets(host, port)
        server.listen(sockets, EchoApp())
        print(sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    # a suite makes thousands of mistakes, and whoever started this may read no more than the port
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("error"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    trio.run(main, arguments.host, arguments.port)
