"""The durable subscriptions of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.written import with_next

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import ClientId
    from notifyd.store.delivery_ports import Written
    from notifyd.store.journal import Journal
    from notifyd.store.memory.durables import MemoryDurables


class LocalDurables:
    """A `DurableStore` in memory whose changes are journalled. See the port for the guarantees."""

    def __init__(self, durables: MemoryDurables, journal: Journal) -> None:
        self._durables = durables
        self._journal = journal
        #: See `DurableStore.changed`: nobody else changes them.
        self.changed: Callable[[DurableState], None] | None = None
        self.find = durables.find
        self.usage = durables.usage

    def attend(self, key: DurableKey) -> None:
        """See `DurableStore.attend`: all is at hand."""

    async def states(
        self, client_id: ClientId | None = None, *, channel: str = "", limit: int = 1000
    ) -> list[DurableState]:
        """See `DurableStore.states`."""
        await trio.lowlevel.checkpoint()
        return self._durables.states(client_id, channel=channel, limit=limit)

    async def trim(self, *, now: int) -> int:
        """See `DurableStore.trim`."""
        await trio.lowlevel.checkpoint()
        return self._durables.trim(now=now)

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
