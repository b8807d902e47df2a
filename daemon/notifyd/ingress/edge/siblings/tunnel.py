"""A connection whose bytes go to and come from another worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.ingress.edge.lingering import Lingering
from notifyd.ingress.edge.link import RECEIVE_BYTES

if TYPE_CHECKING:
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox
    from notifyd.ingress.edge.state import EdgeState


class Tunnel:
    """Carries both directions until either ends; never holds more than one read of each.

    Who serves the session watches over its heartbeat and its pace, and closes; here only a peer that refuses to take
    any byte for too long is given up, as on every other connection.
    """

    __slots__ = ("_first", "_link", "_outbox", "_state", "_stream")

    def __init__(self, state: EdgeState, link: Link, outbox: Outbox, stream: trio.SocketStream, first: bytes) -> None:
        """*first* is what the peer has sent already behind the request that was handed over."""
        self._state = state
        self._link = link
        self._outbox = outbox
        self._stream = stream
        self._first = first

    async def run(self) -> None:
        """Carry bytes to the end."""
        tunnels = self._state.tunnels
        tunnels.enter()
        try:
            async with self._stream, trio.open_nursery() as nursery:
                nursery.start_soon(self._carry_there, nursery.cancel_scope)
                await self._carry_back()
                nursery.cancel_scope.cancel()
            http = self._state.http
            lingering = Lingering(self._link, self._outbox)
            await lingering.run(self._state.deadlines, seconds=http.linger_seconds, max_bytes=http.linger_bytes)
        finally:
            tunnels.leave()

    async def _carry_there(self, both: trio.CancelScope) -> None:
        """What the peer says; its end is passed on, and what is left to be said to it has a little time then."""
        try:
            data = self._first
            while True:
                if data:
                    await self._stream.send_all(data)
                data = await self._heard()
                if not data:
                    break
            if not self._outbox.broken:
                await self._stream.send_eof()
                both.deadline = trio.current_time() + self._state.websocket.close_timeout_seconds
                return
        except (OSError, trio.BrokenResourceError):
            pass
        both.cancel()

    async def _heard(self) -> bytes:
        while not self._outbox.broken:
            try:
                await self._link.readable()
                data = self._link.receive()
            except trio.ClosedResourceError:
                continue
            if data is not None:
                return data
        return b""

    async def _carry_back(self) -> None:
        """What the sibling says, no faster than the peer takes it."""
        outbox = self._outbox
        try:
            while data := await self._stream.receive_some(RECEIVE_BYTES):
                outbox.write(data)
                if outbox.pending_bytes and not await outbox.drained():
                    return
        except (OSError, trio.BrokenResourceError):
            outbox.break_off()
