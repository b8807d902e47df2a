"""The durable subscriptions of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.written import with_next

if TYPE_CHECKING:
    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.store.delivery_ports import Written
    from notifyd.store.journal import Journal
    from notifyd.store.memory.durables import MemoryDurables


class LocalDurables:
    """A `DurableStore` in memory whose changes are journalled. See the port for the guarantees."""

    def __init__(self, durables: MemoryDurables, journal: Journal) -> None:
        self._durables = durables
        self._journal = journal
        self.find = durables.find
        self.states = durables.states
        self.trim = durables.trim
        self.usage = durables.usage

    def put(self, state: DurableState, *, now: int) -> Written:
        """See `DurableStore.put`."""
        self._durables.put(state, now=now)
        return with_next(self._journal)

    async def remove(self, key: DurableKey) -> bool:
        """See `DurableStore.remove`."""
        if not self._durables.remove(key):
            await trio.lowlevel.checkpoint()
            return False
        await with_next(self._journal).wait()
        return True
