"""Everything that is still to be written to one link, bounded in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyd.ingress.edge.link import Link

_CORK_BYTES = 65_536


class OutboxRules:
    """What the outboxes of many connections share: the nursery of their flushers, the bound and the patience."""

    __slots__ = ("limit_bytes", "nursery", "write_timeout_seconds")

    def __init__(self, nursery: trio.Nursery, *, limit_bytes: int, write_timeout_seconds: float) -> None:
        self.nursery = nursery
        self.limit_bytes = limit_bytes
        self.write_timeout_seconds = write_timeout_seconds


class Outbox:
    """Writes through while the peer keeps up; what the kernel refuses waits here, in order, for a flusher.

    No call blocks. On a dead link everything is swallowed: its reader learns of the death by itself.
    """

    __slots__ = (
        "_blocked",
        "_corked",
        "_drained",
        "_ended",
        "_flushing",
        "_link",
        "_waiting",
        "behind_since",
        "broken",
        "rules",
        "sent_bytes",
    )

    def __init__(self, link: Link, rules: OutboxRules) -> None:
        self._link = link
        self._waiting: bytearray | None = None
        self._blocked = False  # whether put() has to look closer: bytes wait, or corked, ended, broken
        self._corked = False
        self._ended = False
        self._flushing = False
        self._drained: trio.Event | None = None
        #: bounds; replaced when a connection changes its protocol
        self.rules = rules
        #: since when bytes wait, in seconds of trio.current_time(); None while nothing does
        self.behind_since: float | None = None
        #: whether the link is dead
        self.broken = False
        #: bytes that the kernel has taken
        self.sent_bytes = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the peer."""
        return len(self._waiting) if self._waiting is not None else 0

    def put(self, data: bytes) -> bool:
        """Write *data* now if nothing waits, else keep it in order. False: not taken, the peer is slow.

        What was begun is always kept, and so is the first to wait, however long: one frame may exceed the bound.
        """
        if self._blocked:
            return self._hold(data)
        try:
            sent = self._link.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.break_off()
            return True
        self.sent_bytes += sent
        if sent != len(data):
            self._keep(data[sent:])
        return True

    def write(self, data: bytes) -> None:
        """As `put`, without the bound: for a writer that waits in `drained` before it makes more."""
        if not self._blocked:
            self.put(data)
        elif not (self.broken or self._ended):
            self._keep(data)

    def end(self, data: bytes = b"") -> None:
        """Write *data* as the last bytes of this outbox, bound or not; whatever is put later is dropped."""
        self.write(data)
        self._ended = self._blocked = True

    def cork(self) -> None:
        """Collect what is put until `uncork`, to write it at once."""
        self._corked = self._blocked = True

    def uncork(self) -> None:
        """Write what was collected."""
        self._corked = False
        if self._flushing:
            return
        self._blocked = self._ended or self.broken
        if self._waiting:
            self._push(self._waiting)
            if self._waiting:
                self._start_flusher()

    def break_off(self) -> None:
        """Give the link up: forget what waits, drop what comes, and wake its reader."""
        self.broken = self._blocked = True
        self._waiting = None
        self._tell_drained()
        self._link.wake()

    async def drained(self) -> bool:
        """Wait until nothing waits any more; whether the link is still sound. The flusher's patience bounds it."""
        while self._waiting and not self.broken:
            if self._drained is None:
                self._drained = trio.Event()
            await self._drained.wait()
        return not self.broken

    def _hold(self, data: bytes) -> bool:
        if self.broken or self._ended:
            return True
        if self._waiting and len(self._waiting) + len(data) > self.rules.limit_bytes:
            return False
        self._keep(data)
        return True

    def _keep(self, data: bytes) -> None:
        if self._waiting is None:
            self._waiting = bytearray(data)
        else:
            self._waiting += data
        if not self._corked:
            self._start_flusher()
        elif not self._flushing and len(self._waiting) >= _CORK_BYTES:
            self._push(self._waiting)  # collecting more would save nothing

    def _start_flusher(self) -> None:
        self._blocked = True
        if not self._flushing:
            self._flushing = True
            self.behind_since = trio.current_time()
            self.rules.nursery.start_soon(self._flush)

    async def _flush(self) -> None:
        while self._waiting and not self.broken:
            with trio.move_on_after(self.rules.write_timeout_seconds) as patience:
                try:
                    await self._link.writable()
                except trio.ClosedResourceError:
                    continue
            if patience.cancelled_caught:
                self.break_off()
            else:
                self._push(self._waiting)
        self._flushing = False
        self.behind_since = None
        self._blocked = self._corked or self._ended or self.broken

    def _push(self, waiting: bytearray) -> None:
        try:
            sent = self._link.send(waiting)
        except BlockingIOError:
            return
        except OSError:
            self.break_off()
            return
        self.sent_bytes += sent
        if sent == len(waiting):
            self._waiting = None
            self._tell_drained()
        else:
            del waiting[:sent]

    def _tell_drained(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None
