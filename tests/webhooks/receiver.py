"""An endpoint of webhooks that checks signatures as Standard Webhooks describes it, and answers as it is told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Reply:
    """How one call is answered."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hangs: bool = False
    #: Without an answer the connection is closed.
    drops: bool = False


OK, HANG, DROP = Reply(), Reply(hangs=True), Reply(drops=True)


@dataclass
class Arrived:
    """One call."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.event["type"]


def verified(secret: str, call: Arrived, *, tolerance: float = 300) -> bool:
    """What a receiver does, written without a line of the daemon's."""
    event_id, sent_at = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    if abs(time.time() - int(sent_at)) > tolerance:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{event_id}.{sent_at}.".encode() + call.body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, each) for each in call.headers["webhook-signature"].split())


class Receiver(ThreadingHTTPServer):
    """The server; `with` it runs in a thread. Paths are answered by their script, the last reply for ever."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.scheme = "https" if tls else "http"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.calls: list[Arrived] = []
        self.scripts: dict[str, list[Reply]] = {}
        self.release = threading.Event()
        self.lock = threading.Lock()
        self.connections: set[object] = set()

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}{path}"

    def script(self, path: str, *replies: Reply) -> None:
        self.scripts[path] = list(replies)

    def reply(self, path: str) -> Reply:
        with self.lock:
            script = self.scripts.get(path) or [OK]
            return script.pop(0) if len(script) > 1 else script[0]

    def of(self, *types: str, path: str = "") -> list[Arrived]:
        """The calls of these types that were answered, or of all."""
        with self.lock:
            return [each for each in self.calls if path in ("", each.path) and (not types or each.type in types)]

    async def got(self, count: int, *types: str, path: str = "") -> list[Arrived]:
        """The calls of these types, once there are so many."""
        # calls come in through threads
        while len(found := self.of(*types, path=path)) < count:  # noqa: ASYNC110
            await trio.sleep(0.01)
        return found

    def __enter__(self) -> Receiver:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that gave up is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.reply(self.path)
        with self.server.lock:
            self.server.calls.append(Arrived(self.path, headers, body, time.monotonic()))
            self.server.connections.add(self.client_address)
        if reply.hangs:
            self.server.release.wait(60)
        if reply.drops or reply.hangs:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
