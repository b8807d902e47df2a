"""What all connections of one server share."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from notifyd.ingress.edge.outbox import OutboxRules

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.http.receiver import HttpReceiver
    from notifyd.ingress.edge.settings import EdgeSettings


class EdgeCounts(Struct):
    """What happened at the edge since it started, and what is open now."""

    accepted: int = 0
    refused: int = 0
    accept_errors: int = 0
    requests: int = 0
    bad_requests: int = 0
    timeouts: int = 0
    open: int = 0
    websockets: int = 0
    streams: int = 0


class Tunnels:
    """Connections that another worker serves."""

    def __init__(self) -> None:
        self._count = 0
        self._none = trio.Event()

    def enter(self) -> None:
        """One more."""
        self._count += 1

    def leave(self) -> None:
        """One less."""
        self._count -= 1
        if not self._count:
            self._none.set()

    async def none_left(self) -> None:
        """Wait until there is none."""
        while self._count:
            self._none = trio.Event()
            await self._none.wait()


class EdgeState:
    """Settings, clock, counts and nursery of a running server, handed to each of its connections."""

    def __init__(self, settings: EdgeSettings, nursery: trio.Nursery, deadlines: Deadlines, counts: EdgeCounts) -> None:
        http, websocket = settings.http, settings.websocket
        self.http = http
        self.websocket = websocket
        self.deadlines = deadlines
        self.counts = counts
        #: connections that speak HTTP at present
        self.receivers: set[HttpReceiver] = set()
        self.tunnels = Tunnels()
        #: nothing new is begun, connections close after their answers
        self.draining = False
        self.http_rules = OutboxRules(
            nursery, limit_bytes=websocket.outbox_bytes, write_timeout_seconds=http.write_timeout_seconds
        )
        self.websocket_rules = OutboxRules(
            nursery, limit_bytes=websocket.outbox_bytes, write_timeout_seconds=websocket.write_timeout_seconds
        )
        self._server = f"Server: {http.server_header}\r\n".encode("ascii") if http.server_header else b""
        self._second = 0
        self._common = b""

    def common_headers(self) -> bytes:
        """The field lines that every answer carries: Date, and Server where it is wished."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._common = b"Date: %s\r\n%s" % (formatdate(second, usegmt=True).encode("ascii"), self._server)
        return self._common
