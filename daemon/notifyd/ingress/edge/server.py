"""The server: its listeners, the task of each connection, and the drain."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.ingress.edge.deadlines import Deadlines
from notifyd.ingress.edge.http.connection import HttpConnection
from notifyd.ingress.edge.http.request import Peer
from notifyd.ingress.edge.link import Link, SocketLink, TlsLink
from notifyd.ingress.edge.listener import Admission, accept_forever
from notifyd.ingress.edge.outbox import Outbox
from notifyd.ingress.edge.refusals import crowded
from notifyd.ingress.edge.siblings.door import TunnelledLink, read_preface
from notifyd.ingress.edge.state import EdgeCounts, EdgeState
from notifyd.wire.http.answer import encode_answer

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable

    from notifyd.ingress.edge.http.app import HttpApp
    from notifyd.ingress.edge.settings import ConnectionSettings, EdgeSettings

log = structlog.get_logger()


class EdgeServer:
    """Serves HTTP and WebSocket on any number of listeners. Start `run` in a nursery, then `listen`."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self._state: EdgeState | None = None
        self._nursery: trio.Nursery | None = None
        self._listening: set[socket.socket] = set()
        self._doors: set[socket.socket] = set()
        self._outboxes: set[Outbox] = set()
        self._empty = trio.Event()
        #: what happened and what is open
        self.counts = EdgeCounts()
        #: the timer, for whoever needs deadlines without a task each
        self.deadlines = Deadlines()
        self._admission = Admission(settings.connections, self.counts)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hold the tasks of all connections until cancelled or drained."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._state = EdgeState(self._settings, nursery, self.deadlines, self.counts)
            nursery.start_soon(self.deadlines.run)
            task_status.started()

    def listen(self, sockets: Iterable[socket.socket], app: HttpApp, *, tls: ssl.SSLContext | None = None) -> None:
        """Serve *app* on *sockets*, which belong to the server from now on."""
        nursery, state = self._running()
        settings = self._settings.connections

        def take(connection: socket.socket, peer: Peer) -> None:
            if self._admission.admit(peer.host):
                link = SocketLink(connection) if tls is None else TlsLink(connection, tls)
                nursery.start_soon(self._serve, state, app, link, peer)
            else:
                _turn_away(connection, state.common_headers())

        for listening in sockets:
            self._listening.add(listening)
            nursery.start_soon(accept_forever, listening, take, settings, self.counts)

    def listen_to_siblings(self, door: socket.socket, app: HttpApp) -> None:
        """Serve *app* to peers that another worker of this daemon has accepted and brings to *door*."""
        nursery, state = self._running()

        def take(connection: socket.socket, _sibling: Peer) -> None:
            nursery.start_soon(self._take_in, state, app, connection)

        self._doors.add(door)
        nursery.start_soon(accept_forever, door, take, self._settings.connections, self.counts)

    async def _take_in(self, state: EdgeState, app: HttpApp, connection: socket.socket) -> None:
        with connection:
            preface = await read_preface(connection)
            if preface is None:
                return
            peer = Peer(preface.host, preface.port)
            if self._admission.admit(peer.host):
                await self._serve(state, app, TunnelledLink(connection, secure=preface.secure), peer)
            else:
                _turn_away(connection, state.common_headers())

    def configure(self, connections: ConnectionSettings) -> None:
        """Use other bounds on how many connections there may be; those that are open stay."""
        self._admission.settings = connections

    def stop_listening(self) -> None:
        """Accept nothing more; what is open goes on."""
        self.leave_ports()
        self._close(self._doors)

    def leave_ports(self) -> None:
        """Leave new connections to other workers, and still take what these bring."""
        self._close(self._listening)

    def _close(self, places: set[socket.socket]) -> None:
        for place in places:
            trio.lowlevel.notify_closing(place)
            place.close()
        places.clear()

    async def tunnels_ended(self) -> None:
        """Wait until there is no connection any more that another worker serves."""
        _, state = self._running()
        await state.tunnels.none_left()

    async def drain(self, seconds: float) -> None:
        """Stop accepting, let answers finish, close what idles, and after *seconds* abort what is left; `run` returns.

        WebSockets and streams are closed by whoever knows a reason and a pace for it.
        """
        nursery, state = self._running()
        self.stop_listening()
        state.draining = True
        for receiver in list(state.receivers):
            receiver.wake()
        with trio.move_on_after(seconds):
            await self._until_empty()
        for outbox in list(self._outboxes):
            outbox.break_off()
        nursery.cancel_scope.cancel()
        await self._until_empty()

    async def _until_empty(self) -> None:
        while self._outboxes:
            self._empty = trio.Event()
            await self._empty.wait()

    def _running(self) -> tuple[trio.Nursery, EdgeState]:
        if self._nursery is None or self._state is None:
            raise RuntimeError("the server does not run")
        return self._nursery, self._state

    async def _serve(self, state: EdgeState, app: HttpApp, link: Link, peer: Peer) -> None:
        outbox = Outbox(link, state.http_rules)
        self._outboxes.add(outbox)
        try:
            successor = await HttpConnection(state, app, link, outbox, peer).run()
            if successor is not None:
                await successor.run()
        except Exception:
            log.exception("connection_failed", peer=peer.host)
        finally:
            link.close(reset=outbox.broken)
            outbox.break_off()
            self._outboxes.discard(outbox)
            self._admission.release(peer.host)
            if not self._outboxes:
                self._empty.set()


def _turn_away(connection: socket.socket, common: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.send(encode_answer(crowded(), common=common, persistence=b"Connection: close\r\n"))
    connection.close()
