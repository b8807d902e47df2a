"""A WebSocket that wants to relieve the polling of a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.edge.socketio.codes import PROTOCOL_ERROR
from notifyd.wire.socketio.engineio import PROBE, PROBE_ANSWER, websocket_packet

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadline
    from notifyd.ingress.edge.socketio.connection import EngineConnection
    from notifyd.ingress.edge.socketio.engine_api import Step
    from notifyd.ingress.edge.socketio.polling import PollingSide
    from notifyd.ingress.edge.socketio.sessions import Sessions
    from notifyd.ingress.edge.websocket.socket import WebSocket

_UPGRADE: Final = b"5"
_ANSWER_FRAME: Final = websocket_packet(PROBE_ANSWER)


class Probe:
    """`WebSocketHandler` of such a WebSocket: a ping and a pong, then it is the connection's transport."""

    __slots__ = ("_connection", "_deadline", "_relieved", "_sessions", "_side", "_ws", "proven")

    def __init__(self, connection: EngineConnection, side: PollingSide, sessions: Sessions) -> None:
        self._connection = connection
        self._side = side
        self._sessions = sessions
        self._deadline: Deadline | None = None
        self._relieved = False
        self._ws: WebSocket
        #: It has shown that it works.
        self.proven = False

    def opened(self, ws: WebSocket) -> None:
        """See `WebSocketHandler`."""
        self._ws = ws
        if not self._side.may_probe(self):
            ws.close()
            return
        when = trio.current_time() + self._sessions.settings.upgrade_timeout_seconds
        self._deadline = self._sessions.deadlines.at(when, self.dismiss)

    def text(self, payload: bytes) -> Step:
        """See `WebSocketHandler`."""
        if self._relieved:
            return self._connection.text(payload)
        if payload == PROBE and not self.proven:
            self.proven = True
            self._ws.put(_ANSWER_FRAME)
            self._side.probed()
        elif payload != _UPGRADE or not self.proven or not self._relieve():
            self._ws.close(PROTOCOL_ERROR, "no upgrade")
        return None

    def binary(self, payload: bytes) -> Step:
        """See `WebSocketHandler`."""
        if self._relieved:
            return self._connection.binary(payload)
        self._ws.close(PROTOCOL_ERROR, "no upgrade")
        return None

    def taken(self) -> None:
        """Every message was answered, or waited for, when it came."""

    def pong(self, payload: bytes) -> None:
        """See `WebSocketHandler`."""

    def closed(self, code: int, reason: str) -> None:
        """See `WebSocketHandler`."""
        if self._deadline is not None:
            self._deadline.cancel()
        if self._relieved:
            self._connection.closed(code, reason)
        elif self._side.probe is self:
            self._side.probe_lost()

    def dismiss(self) -> None:
        """There is no upgrade any more: it took too long, or the connection is over."""
        self._ws.close()

    def _relieve(self) -> bool:
        self._relieved = self._side.upgrade(self._ws)
        if self._relieved and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        return self._relieved
