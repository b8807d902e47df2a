"""One Engine.IO connection: its heartbeat, its transport of the moment, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.ingress.edge.socketio.codes import (
    DEAD_LINK,
    PARSE_ERROR,
    PING_TIMEOUT,
    PROTOCOL_ERROR,
    SLOW_CONSUMER,
    TRANSPORT_CLOSE,
    TRANSPORT_ERROR,
)
from notifyd.ingress.edge.socketio.sessions import new_sid
from notifyd.wire.socketio.engineio import (
    BINARY,
    CLOSE,
    MESSAGE,
    NOOP,
    PONG,
    PacketInvalid,
    open_packet,
    polling_packet,
    split,
    websocket_packet,
)
from notifyd.wire.socketio.engineio_session import Beat, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from notifyd.ingress.edge.deadlines import Deadline
    from notifyd.ingress.edge.socketio.engine_api import EngineHandler, Step
    from notifyd.ingress.edge.socketio.polling import PollingSide
    from notifyd.ingress.edge.socketio.sessions import Sessions
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.wire.socketio.engineio import EngineRules

log = structlog.get_logger()

_PING_FRAME: Final = websocket_packet(b"2")
_PING_PIECE: Final = polling_packet(b"2")
# RFC 6455: protocol error, not UTF-8, too big, internal error
_FAILURES: Final = frozenset((1002, 1007, 1009, 1011))


class EngineConnection:
    """`EngineLink` to what sits on it, `WebSocketHandler` to the edge while it is on WebSocket."""

    __slots__ = ("_busy", "_handler", "_heartbeat", "_over", "_reason", "_sessions", "_timer", "_ws", "polling")

    def __init__(self, sessions: Sessions, handler: EngineHandler, rules: EngineRules) -> None:
        self._sessions = sessions
        self._handler = handler
        self._heartbeat: Heartbeat[Callable[[], None]] = Heartbeat(rules, now=trio.current_time())
        self._busy = False  # a step takes time
        self._over = False
        self._reason = ""
        self._timer: Deadline | None = None
        self._ws: WebSocket | None = None
        #: what only a connection that began with polling has
        self.polling: PollingSide | None = None

    # What sits on it calls

    @property
    def transport(self) -> str:
        """See `EngineLink`."""
        return "polling" if self._ws is None else "websocket"

    @property
    def put(self) -> Callable[[bytes], bool]:
        """See `EngineLink`: on WebSocket this is the outbox's own."""
        if self._ws is not None:
            return self._ws.outbox.put
        return self._polls.put

    @property
    def pending_bytes(self) -> int:
        """See `EngineLink`."""
        return self._ws.pending_bytes if self._ws is not None else len(self._polls.queue)

    @property
    def behind_since(self) -> float | None:
        """See `EngineLink`."""
        return self._ws.outbox.behind_since if self._ws is not None else None

    @property
    def sent_bytes(self) -> int:
        """See `EngineLink`."""
        polled = self.polling.queue.taken_bytes if self.polling is not None else 0
        return polled + (self._ws.sent_bytes if self._ws is not None else 0)

    def ping(self, mark: Callable[[], None] | None = None) -> None:
        """See `EngineLink`."""
        if self._over:
            return
        before = self._heartbeat.due
        self._do(self._heartbeat.ping(mark, now=trio.current_time()))
        if self._heartbeat.due < before:
            self.look_at_due()

    def look_at_due(self) -> None:
        """See `EngineLink`."""
        if self._timer is not None:
            self._timer.cancel()
            self._arm()

    def close(self, code: int, reason: str) -> None:
        """See `EngineLink`."""
        if self._ws is not None:
            self._ws.close(code, reason)
        elif not self._over:
            self._polls.end(b"1", linger=True)
            self.finish_soon(TRANSPORT_CLOSE)

    @property
    def _polls(self) -> PollingSide:
        if self.polling is None:
            raise AssertionError("a connection has a WebSocket, or it polls")
        return self.polling

    # What the edge calls

    def opened(self, ws: WebSocket) -> None:
        """A WebSocket from the start."""
        self._ws = ws
        # nothing finds this connection by its sid: there is nothing that it could be upgraded to
        ws.put(websocket_packet(open_packet(new_sid(), self._heartbeat.rules, upgrades=False)))
        self.begin()

    def text(self, payload: bytes) -> Step:
        """A packet."""
        try:
            # the ordinary one is looked at no closer
            step = self._handler.text(payload[1:]) if payload.startswith(b"4") else self.receive(*split(payload))
        except PacketInvalid:
            self.fail(PARSE_ERROR)
            return None
        return None if step is None else self.run(step)

    def binary(self, payload: bytes) -> Step:
        """A binary message."""
        try:
            step = self._handler.binary(payload)
        except PacketInvalid:
            self.fail(PARSE_ERROR)
            return None
        return None if step is None else self.run(step)

    def taken(self) -> None:
        """Every message was answered, or waited for, when it came."""

    def pong(self, payload: bytes) -> None:
        """Not one of ours: Engine.IO has packets for it."""

    def closed(self, code: int, reason: str) -> None:
        """The WebSocket is gone."""
        self._finish(self._reason or (TRANSPORT_ERROR if code in _FAILURES else TRANSPORT_CLOSE))

    # What both transports need

    def begin(self) -> None:
        """The handshake is written: start the heartbeat."""
        self._sessions.connections.add(self)
        self._handler.opened(self)
        self._arm()

    def upgraded(self, ws: WebSocket) -> None:
        """A WebSocket has relieved polling."""
        self._ws = ws
        self._handler.transport_changed()

    def receive(self, kind: int, data: bytes) -> Step:
        """A packet of any kind.

        Raises:
            PacketInvalid: it is none that a peer may send.
        """
        if kind == MESSAGE:
            return self._handler.text(data)
        if kind == BINARY:
            return self._handler.binary(data)
        if kind == PONG:
            self._pong()
        elif kind == CLOSE:
            self._leave()
        elif kind != NOOP:
            raise PacketInvalid("a packet for the other direction")
        return None

    def _pong(self) -> None:
        mark = self._heartbeat.pong(now=trio.current_time())
        self._handler.pong()
        if mark is not None:
            mark()

    async def run(self, step: Coroutine[Any, Any, None]) -> None:
        """Wait for a step; while it takes its time, the peer's silence is not held against it."""
        self._busy = True
        try:
            await step
        finally:
            self._busy = False
            self._heartbeat.excuse(now=trio.current_time())

    def check(self, now: float) -> None:
        """See that a deadline that has passed counts, however late the timer is."""
        if self._timer is not None and now >= min(self._heartbeat.due, self._handler.due):
            self._timer.cancel()
            self._ring()

    def fail(self, reason: str) -> None:
        """End it at once, for a fault of the peer."""
        if self._ws is not None:
            self._reason = reason
            self._ws.close(DEAD_LINK if reason == PING_TIMEOUT else PROTOCOL_ERROR, reason)
        elif not self._over:
            self._polls.end(b"1", linger=False)
            self.finish_soon(reason)

    def finish_soon(self, reason: str) -> None:
        """Say that it is over as soon as nobody is amidst of a call."""
        self._over = True
        self._reason = reason
        self._sessions.deadlines.at(trio.current_time(), self.finish_polling)

    def finish_polling(self) -> None:
        """Say that it is over, unless a POST still has to end."""
        if self._over and self._polls.post is None:
            self._finish(self._reason)

    @property
    def over(self) -> bool:
        """Nothing more is received."""
        return self._over or (self._ws is not None and self._ws.closing)

    def _leave(self) -> None:
        """The peer closes."""
        if self._ws is not None:
            self._ws.close()
        else:
            self._polls.end(b"6", linger=True)
            self.finish_soon(TRANSPORT_CLOSE)

    def _finish(self, reason: str) -> None:
        if self not in self._sessions.connections:
            return
        self._sessions.connections.discard(self)
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.polling is not None:
            self.polling.finished()
        try:
            self._handler.closed(reason)
        except Exception:
            log.exception("engine_handler_failed")

    def _arm(self) -> None:
        # One timer for both; it mostly rings too early and is then set anew, which is cheaper than moving it with each
        # packet. A pong is what moves the heartbeat's to an earlier time, though never below the interval from now.
        latest = trio.current_time() + self._heartbeat.rules.ping_interval_seconds
        self._timer = self._sessions.deadlines.at(min(self._heartbeat.due, self._handler.due, latest), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self.over:
            return
        now = trio.current_time()
        if self._busy:
            self._heartbeat.excuse(now=now)
        self._do(self._heartbeat.on_deadline(now=now))
        if now >= self._handler.due and not self.over:
            self._handler.on_deadline(now)
        if not self.over:
            self._arm()

    def _do(self, beat: Beat) -> None:
        if beat is Beat.DEAD:
            self.fail(PING_TIMEOUT)
        elif beat is Beat.PING:
            if self._ws is None:
                self._polls.force(_PING_PIECE)
            elif not self._ws.put(_PING_FRAME):
                self._ws.close(SLOW_CONSUMER, "slow consumer")
