"""A server that speaks Firebase Cloud Messaging's protocol (access tokens, v1 messages:send), and does as it is told.

What it does with a message is told by the push token: `NAME`, `NAME-anything`, or `NAME*N-anything` for the first N
tries of that token, after which it is fine. The names are those of `BEHAVIOURS`; any other token is accepted.

Run it beside a daemon with `python -m tests.fcm.fake --port 0`: it prints its port. `GET /seen` tells what came in.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


@dataclass(frozen=True)
class Behaviour:
    """How one kind of push token is answered."""

    status: int
    code: str
    message: str = ""
    fcm_code: str = ""
    #: "" for none, TOLD for what the server was told.
    retry_after: str = ""
    hangs: bool = False
    #: Without an answer the connection is closed.
    drops: bool = False


TOLD = "told"
BEHAVIOURS = {
    "dead": Behaviour(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED"),
    "lost": Behaviour(404, "NOT_FOUND", "Requested entity was not found."),
    "bad": Behaviour(
        400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token", "INVALID_ARGUMENT"
    ),
    "big": Behaviour(400, "INVALID_ARGUMENT", "Android message is too big", "INVALID_ARGUMENT"),
    "quota": Behaviour(429, "RESOURCE_EXHAUSTED", "Quota exceeded for this project", "QUOTA_EXCEEDED", TOLD),
    "busy": Behaviour(429, "RESOURCE_EXHAUSTED", "The device message rate was exceeded", "QUOTA_EXCEEDED", TOLD),
    "down": Behaviour(503, "UNAVAILABLE", "The service is currently unavailable", "UNAVAILABLE"),
    "wait": Behaviour(503, "UNAVAILABLE", "The service is currently unavailable", "UNAVAILABLE", TOLD),
    "sender": Behaviour(403, "PERMISSION_DENIED", "SenderId mismatch", "SENDER_ID_MISMATCH"),
    "auth": Behaviour(401, "UNAUTHENTICATED", "Auth error from APNS or Web Push", "THIRD_PARTY_AUTH_ERROR"),
    "hang": Behaviour(200, "", hangs=True),
    "drop": Behaviour(0, "", drops=True),
}
_TOKEN = re.compile(r"(?P<name>[a-z]+)(\*(?P<times>\d+))?(-|$)")


@dataclass
class Seen:
    """What came in so far."""

    #: The messages as they were sent, each with the monotonic second of its arrival.
    messages: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    projects: set[str] = field(default_factory=set)
    #: Requests by push token.
    hits: Counter[str] = field(default_factory=Counter)
    access_tokens: int = 0
    authorizations: set[str] = field(default_factory=set)
    #: Requests that were answered at the same time, at most.
    peak: int = 0


class FakeFcm(ThreadingHTTPServer):
    """The server; `with` it runs in a thread."""

    request_queue_size = 512
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.seen = Seen()
        self.lock = threading.Lock()
        #: What Retry-After says where there is one.
        self.retry_after = "1"
        #: Lets go of everything that hangs.
        self.release = threading.Event()
        #: An answer to requests for access tokens that is no token: (status, body).
        self.token_refusal: tuple[int, bytes] | None = None
        #: An answer to every message that is not FCM's: (status, body).
        self.gibberish: tuple[int, bytes] | None = None
        self.delay_seconds = 0.0
        self.busy = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> FakeFcm:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()

    def behaviour(self, token: str) -> Behaviour | None:
        """What to do with *token* this time; None accepts it."""
        match = _TOKEN.match(token)
        if match is None or match["name"] not in BEHAVIOURS:
            return None
        if match["times"] is not None and self.seen.hits[token] > int(match["times"]):
            return None
        return BEHAVIOURS[match["name"]]

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that gave up is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # headers and body in one piece, or Nagle's algorithm holds each answer back for 40 ms
    wbufsize = -1
    server: FakeFcm

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        seen = self.server.seen
        with self.server.lock:
            body = {"messages": seen.messages, "hits": seen.hits, "accessTokens": seen.access_tokens}
            self._answer(200 if self.path == "/seen" else 404, json.dumps(body).encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self._access_token(body)
            return
        with self.server.lock:
            self.server.busy += 1
            self.server.seen.peak = max(self.server.seen.peak, self.server.busy)
        try:
            time.sleep(self.server.delay_seconds)
            self._message(json.loads(body)["message"])
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def _access_token(self, body: bytes) -> None:
        with self.server.lock:
            self.server.seen.access_tokens += 1
        if b"assertion=" not in body:
            self._answer(400, b'{"error":"invalid_request"}')
        elif self.server.token_refusal is not None:
            self._answer(*self.server.token_refusal)
        else:
            self._answer(200, b'{"access_token":"fake","expires_in":3600,"token_type":"Bearer"}')

    def _message(self, message: dict[str, Any]) -> None:
        token = message.get("token", "")
        project = self.path.removeprefix("/v1/projects/").removesuffix("/messages:send")
        with self.server.lock:
            seen = self.server.seen
            seen.messages.append(message)
            seen.at.append(time.monotonic())
            seen.projects.add(project)
            seen.hits[token] += 1
            seen.authorizations.add(self.headers.get("Authorization", ""))
            behaviour, number = self.server.behaviour(token), len(seen.messages)
        if self.server.gibberish is not None:
            self._answer(*self.server.gibberish)
            return
        if behaviour is not None and behaviour.hangs:
            self.server.release.wait(30)
        if behaviour is not None and behaviour.drops:
            self.close_connection = True
        elif behaviour is None or behaviour.hangs:
            self._answer(200, json.dumps({"name": f"projects/{project}/messages/{number}"}).encode())
        else:
            self._refuse(behaviour)

    def _refuse(self, behaviour: Behaviour) -> None:
        details = [{"@type": FCM_ERROR, "errorCode": behaviour.fcm_code}] if behaviour.fcm_code else []
        error = {"code": behaviour.status, "status": behaviour.code, "message": behaviour.message, "details": details}
        retry_after = self.server.retry_after if behaviour.retry_after == TOLD else behaviour.retry_after
        self._answer(behaviour.status, json.dumps({"error": error}).encode(), retry_after)

    def _answer(self, status: int, body: bytes, retry_after: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A stand-in for Firebase Cloud Messaging on the loopback.")
    parser.add_argument("--port", type=int, default=0)
    server = FakeFcm(parser.parse_args().port)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
