"""The small ASGI loop: one request at a time to an application such as Starlette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from notifyd.ingress.edge.refusals import failed
from notifyd.wire.http.answer import CONTINUE, has_body, header_lines, status_line
from notifyd.wire.http.head import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.ingress.edge.http.app import AsgiApp, AsgiEvent
    from notifyd.ingress.edge.http.receiver import HttpReceiver
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState
    from notifyd.wire.http.answer import Answer

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}
_MAX_READ_AHEAD_BYTES = 65_536
_OURS = frozenset((b"connection", b"transfer-encoding", b"keep-alive"))
_CLOSE = b"Connection: close\r\n"
_UPGRADE = b"Connection: upgrade\r\n"


class PeerGone(OSError):
    """The peer has left, nothing can be written any more."""


class AsgiExchange:
    """One request and its answer, spoken in ASGI events.

    After `run`, `reusable` tells whether the next request may follow, and `refused` what was wrong with the body.
    """

    __slots__ = (
        "_body_taken", "_bodyless", "_chunked", "_complete", "_head", "_keep_alive", "_outbox", "_over", "_peer_left",
        "_receiver", "_remaining", "_request", "_state", "_watching", "fault", "refused", "reusable", "started",
    )  # fmt: skip

    def __init__(
        self, state: EdgeState, receiver: HttpReceiver, outbox: Outbox, request: Request, *, keep_alive: bool
    ) -> None:
        self._state = state
        self._receiver = receiver
        self._outbox = outbox
        self._request = request
        self._keep_alive = keep_alive
        self._body_taken = False
        self._bodyless = False
        self._chunked = False
        self._complete = False
        self._head: tuple[int, list[tuple[bytes, bytes]]] | None = None  # given and not yet written
        self._over: trio.Event | None = None
        self._peer_left = False
        self._remaining: int | None = None  # bytes that Content-Length still promises
        self._watching = False
        #: what to answer for an application that failed before it began to
        self.fault: Answer | None = None
        #: the request's body was unacceptable
        self.refused: RequestRefused | None = None
        #: another request may follow on the connection
        self.reusable = False
        #: a part of the answer is written
        self.started = False

    async def run(self, app: AsgiApp) -> None:
        """Let *app* answer; what it does wrong is logged, and ends in `started` or `reusable` being false."""
        try:
            await app(self._scope(), self._receive, self._send)
        except Exception:  # noqa: BLE001 - it is logged with the id that the answer names
            if not (self._peer_left or self._outbox.broken or self.refused):
                self.fault = failed("request_failed", self._request)
        if self.started and not self._complete:
            self._outbox.break_off()  # the peer must not take a part for the whole
        self.reusable = self._complete and self._keep_alive and not self._outbox.broken

    def _scope(self) -> dict[str, Any]:
        request = self._request
        return {
            "type": "http",
            "asgi": _VERSIONS,
            "http_version": request.version,
            "method": request.method,
            "scheme": "https" if request.secure else "http",
            "path": request.path,
            "raw_path": request.raw_path,
            "query_string": request.query,
            "root_path": "",
            "headers": list(request.headers),
            "client": tuple(request.peer),
            "server": None,
        }

    async def _receive(self) -> AsgiEvent:
        if self._complete or self._peer_left or self.refused:
            return {"type": "http.disconnect"}
        if self._body_taken:
            await self._watch()
            return {"type": "http.disconnect"}
        if self._receiver.reader.streaming:
            return await self._receive_piece()
        self._body_taken = True
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def _receive_piece(self) -> AsgiEvent:
        reader = self._receiver.reader
        try:
            while (piece := reader.next_body()) is None:
                if reader.wants_continue and not self.started:
                    self._outbox.write(CONTINUE)
                    reader.wants_continue = False
                if not await self._receiver.more():
                    return self._body_ended_early()
        except RequestRefused as refused:
            self.refused = refused
            return {"type": "http.disconnect"}
        self._body_taken = not piece
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    def _body_ended_early(self) -> AsgiEvent:
        if self._receiver.expired:
            self.refused = RequestRefused(408, "the body came too slowly")
        self._peer_left = True
        return {"type": "http.disconnect"}

    async def _watch(self) -> None:
        """Wait until the peer has left or the answer is complete; requests that come meanwhile are kept, to a bound."""
        self._watching = True
        while not self._complete:
            if self._receiver.reader.buffered_bytes > _MAX_READ_AHEAD_BYTES:
                self._over = trio.Event()
                await self._over.wait()
            elif not await self._receiver.watch():
                self._peer_left = True
                return

    async def _send(self, event: AsgiEvent) -> None:
        if self._outbox.broken or self.refused:
            raise PeerGone("the peer has left")
        if event["type"] == "http.response.start":
            if self._head is not None or self.started:
                raise RuntimeError("an answer starts once")
            self._head = (event["status"], [(bytes(k).lower(), bytes(v)) for k, v in event.get("headers", ())])
        elif event["type"] == "http.response.body":
            await self._send_body(event.get("body", b""), more=event.get("more_body", False))
        else:
            raise RuntimeError(f"unknown event {event['type']!r}")

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._complete or not (self._head is not None or self.started):
            raise RuntimeError("a body belongs between start and end of an answer")
        data = b"" if self.started else self._write_head(len(body), more=more)
        self._outbox.write(data + self._frame(body, more=more))
        if not more:
            self._finish()
        elif self._outbox.pending_bytes > self._state.http.high_water_bytes:
            if not await self._outbox.drained():
                raise PeerGone("the peer has left")
        else:
            await trio.lowlevel.checkpoint()

    def _write_head(self, size: int, *, more: bool) -> bytes:
        if self._head is None:
            raise AssertionError("the head was checked")
        status, headers = self._head
        if status < 200 or status == 204:  # RFC 9110, section 8.6: no length where there is never a body
            headers = [header for header in headers if header[0] != b"content-length"]
        lines = header_lines(tuple(header for header in headers if header[0] not in _OURS))
        if any(name == b"upgrade" for name, _ in headers):
            lines += _UPGRADE  # RFC 9110, section 7.8: whoever sends Upgrade says so in Connection
        lines += self._settle_framing(status, headers, None if more else size)
        self._settle_persistence(headers)
        common = b"" if any(name == b"date" for name, _ in headers) else self._state.common_headers()
        self.started, self._head = True, None
        return b"%s%s%s%s\r\n" % (status_line(status), common, lines, self._persistence())

    def _settle_framing(self, status: int, headers: Iterable[tuple[bytes, bytes]], size: int | None) -> bytes:
        """Decide how the peer will see where the body ends; the field line that tells it."""
        self._bodyless = self._request.method == "HEAD" or not has_body(status)
        lengths = [value for name, value in headers if name == b"content-length"]
        if lengths or not has_body(status):
            self._remaining = int(lengths[0]) if lengths else None
            return b""
        if size is not None:
            return b"content-length: %d\r\n" % size
        if self._request.version == "1.1":
            self._chunked = True
            return b"transfer-encoding: chunked\r\n"
        self._keep_alive = False
        return b""

    def _settle_persistence(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        wishes_close = any(name == b"connection" and value.lower() == b"close" for name, value in headers)
        # a body that has not arrived by now would stand before the next request
        if wishes_close or self._state.draining or self._receiver.reader.reading_body:
            self._keep_alive = False

    def _persistence(self) -> bytes:
        if not self._keep_alive:
            return _CLOSE
        return b"Connection: keep-alive\r\n" if self._request.version == "1.0" else b""

    def _frame(self, body: bytes, *, more: bool) -> bytes:
        if self._bodyless:
            return b""
        if self._remaining is not None:
            self._remaining -= len(body)
            if self._remaining < 0 or (self._remaining and not more):
                self._outbox.break_off()
                raise RuntimeError("the body is not as long as its Content-Length says")
        if not self._chunked:
            return body
        return (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")

    def _finish(self) -> None:
        self._complete = True
        if self._over is not None:
            self._over.set()
        elif self._watching:
            self._receiver.wake()
