"""The local broker: one process, everything in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.local.dead_letters import LocalDeadLetters
from notifyd.store.local.durables import LocalDurables
from notifyd.store.local.history import LocalHistory
from notifyd.store.local.inbox import LocalInbox
from notifyd.store.local.queue import LocalQueue

if TYPE_CHECKING:
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.local.upkeep import Upkeep
    from notifyd.store.options import BrokerLimits, Durability
    from notifyd.store.ports import News


class LocalBroker:
    """See `Broker`; opened by store.open."""

    def __init__(self, state: LocalState, journal: Journal, upkeep: Upkeep, *, durability: Durability) -> None:
        self.queue = LocalQueue(state, journal)
        self.history = LocalHistory(state, journal)
        self.inbox = LocalInbox(state, journal)
        self.receipts = state.receipts
        self.dead_letters = LocalDeadLetters(state, journal)
        self.durables = LocalDurables(state.durables, journal)
        self.durability: str = durability
        #: See `Broker.news`.
        self.news: News | None = None
        self._state = state
        self._journal = journal
        self.upkeep = upkeep

    async def run(self) -> None:
        """See `Broker.run`."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._journal.run)
                nursery.start_soon(self.upkeep.run)
        finally:
            # bounded by SQLite's own timeouts
            with trio.CancelScope(shield=True):
                self.upkeep.flush_for_stop()
                await self.upkeep.close()
                await self._journal.close()

    def configure(self, limits: BrokerLimits) -> None:
        """See `Broker.configure`."""
        self._state.configure(limits)
        self.dead_letters.configure(limits.dead_letters, now=self._state.clock())
        self.upkeep.limits = limits.receipts

    async def refresh(self) -> None:
        """See `Broker.refresh`: figures are always those of the moment."""

    def failing_since(self) -> float | None:
        """See `Broker.failing_since`."""
        return self._journal.failing_since()
