"""Socket.IO on one Engine.IO connection: its packets, and the namespaces that they belong to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.ingress.edge.socketio.api import Decision, NotNow, Refusal, Welcome
from notifyd.ingress.edge.socketio.codes import (
    CLIENT_DISCONNECT,
    NOT_CONNECTED,
    SERVER_DISCONNECT,
    SLOW_CONSUMER,
    TRANSPORT_CLOSE,
)
from notifyd.ingress.edge.socketio.socket import NamespaceSocket
from notifyd.wire.socketio.packets import connect_error_packet, connect_packet
from notifyd.wire.socketio.session import SocketIoSession, What

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.api import Application, PendingConnect, Step
    from notifyd.ingress.edge.socketio.engine_api import EngineLink
    from notifyd.wire.socketio.packets import Outgoing, Packet
    from notifyd.wire.socketio.session import Incoming, SocketIoRules

log = structlog.get_logger()


class SocketIoTransport:
    """`EngineHandler` of one connection."""

    __slots__ = ("_application", "_deadlines", "_over", "_request", "_session", "link", "rules")

    def __init__(self, application: Application, rules: SocketIoRules, deadlines: Deadlines, request: Request) -> None:
        self._application = application
        self._deadlines = deadlines
        self._over = False
        self._request = request
        self._session: SocketIoSession[NamespaceSocket] = SocketIoSession(rules, now=trio.current_time())
        self.rules = rules
        #: The connection below.
        self.link: EngineLink

    # What the connection calls

    @property
    def due(self) -> float:
        """See `EngineHandler`."""
        return self._session.due

    def on_deadline(self, now: float) -> None:
        """See `EngineHandler`: no namespace was connected in time."""
        if self._session.on_deadline(now=now):
            self.link.close(NOT_CONNECTED, "no namespace was connected in time")

    def opened(self, link: EngineLink) -> None:
        """See `EngineHandler`."""
        self.link = link

    def text(self, data: bytes) -> Step:
        """See `EngineHandler`."""
        self._hear()
        return self._take(self._session.receive_text(data))

    def binary(self, data: bytes) -> Step:
        """See `EngineHandler`."""
        self._hear()
        return self._take(self._session.receive_binary(data))

    def pong(self) -> None:
        """See `EngineHandler`."""
        self._hear()

    def transport_changed(self) -> None:
        """See `EngineHandler`."""
        for socket in list(self._session.sockets.values()):
            socket.handler.transport_changed()

    def closed(self, reason: str) -> None:
        """See `EngineHandler`."""
        self._over = True
        sockets = self._session.sockets
        while sockets:
            _tell_closed(sockets.popitem()[1], reason)

    # What its sockets call

    def send(self, packet: Outgoing) -> bool:
        """Write a packet. False: not taken, the peer is slow."""
        link = self.link
        return link.put(packet.frames() if link.transport == "websocket" else packet.pieces())

    def answer(self, packet: Outgoing) -> None:
        """Write a packet that the peer has asked for; one that is too slow for it has to go."""
        if not self.send(packet):
            self.link.close(SLOW_CONSUMER, "slow consumer")

    def prove(self, socket: NamespaceSocket, mark: int) -> None:
        """The pong to a ping with *mark* came."""
        if self._session.sockets.get(socket.namespace) is socket:
            socket.handler.proven(mark)

    def leave(self, socket: NamespaceSocket) -> bool:
        """End a namespace; False where it is over already. The application is told when it is not amidst of a call."""
        if not self._end(socket, by_peer=False):
            return False
        self._deadlines.at(trio.current_time(), partial(_tell_closed, socket, SERVER_DISCONNECT))
        return True

    # Packets

    def _hear(self) -> None:
        for socket in self._session.sockets.values():
            socket.handler.heard()

    def _take(self, incoming: Incoming) -> Step:
        what, packet = incoming
        if what is What.EVENT:
            socket = self._session.sockets[packet.namespace]
            name, *arguments = packet.data
            ack = socket.answer(packet.id) if packet.id is not None else None
            return socket.handler.event(str(name), arguments, ack)
        if what is What.ACK:
            return self._session.sockets[packet.namespace].acked(packet.id, packet.data)
        if what is What.DISCONNECT:
            socket = self._session.sockets[packet.namespace]
            self._end(socket, by_peer=True)
            _tell_closed(socket, CLIENT_DISCONNECT)
        elif what is What.CONNECT:
            return self._connect(packet)
        elif what is What.TOO_MANY:
            self.answer(connect_error_packet(packet.namespace, "too many namespaces"))
        return None

    def _connect(self, packet: Packet) -> Step:
        namespace = packet.namespace
        try:
            decision = self._application.connect(namespace, packet.data, self._request, self.link.transport)
        except Exception:
            log.exception("connect_failed")
            decision = _FAILED
        if isinstance(decision, Decision):
            self._settle(namespace, decision)
            return None
        return self._decide(namespace, decision)

    async def _decide(self, namespace: str, pending: PendingConnect) -> None:
        decision: Decision
        try:
            decision = await pending.wait()
        except Exception:
            log.exception("connect_failed")
            decision = _FAILED
        if not self._over:
            self._settle(namespace, decision)
        elif isinstance(decision, Welcome):
            # Whoever was let in meanwhile has nobody to speak with.
            decision.handler.closed(TRANSPORT_CLOSE)

    def _settle(self, namespace: str, decision: Decision) -> None:
        if isinstance(decision, NotNow):
            if not self._session.sockets:
                self.link.close(decision.code, decision.reason)
                return
            decision = decision.refusal
        if isinstance(decision, Refusal):
            self.answer(connect_error_packet(namespace, decision.message, decision.data))
            return
        socket = NamespaceSocket(self, namespace, decision)
        self._session.accept(namespace, socket)
        self.answer(connect_packet(namespace, decision.sid, decision.pid))
        decision.handler.opened(socket)

    def _end(self, socket: NamespaceSocket, *, by_peer: bool) -> bool:
        session = self._session
        if session.sockets.get(socket.namespace) is not socket:
            return False
        session.leave(socket.namespace, now=trio.current_time(), by_peer=by_peer)
        if not session.sockets:
            self.link.look_at_due()
        return True


_FAILED = Refusal("internal error")


def _tell_closed(socket: NamespaceSocket, reason: str) -> None:
    try:
        socket.handler.closed(reason)
    except Exception:
        log.exception("namespace_handler_failed")
