"""The end of a connection, slow enough for the peer to see what was written last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.link import Link
    from notifyd.ingress.edge.outbox import Outbox


class Lingering:
    """Flushes, says that nothing more comes, and reads until the peer has left, for a bounded time and amount.

    A socket that is closed while bytes of the peer are unread sends a reset, which may overtake the last answer.
    """

    __slots__ = ("_late", "_link", "_outbox")

    def __init__(self, link: Link, outbox: Outbox) -> None:
        self._link = link
        self._outbox = outbox
        self._late = False

    async def run(self, deadlines: Deadlines, *, seconds: float, max_bytes: int) -> None:
        """Return when the connection can be closed."""
        deadline = deadlines.at(trio.current_time() + seconds, self._ring)
        try:
            if await self._outbox.drained():
                self._link.end()
                await self._discard(max_bytes)
        finally:
            deadline.cancel()

    def _ring(self) -> None:
        self._late = True
        if self._outbox.pending_bytes:
            self._outbox.break_off()
        else:
            self._link.wake()

    async def _discard(self, left: int) -> None:
        while left >= 0 and not (self._late or self._outbox.broken):
            try:
                await self._link.readable()
                data = self._link.receive()
            except trio.ClosedResourceError:
                continue
            except OSError:
                return
            if data == b"":
                return
            left -= len(data or b"")
