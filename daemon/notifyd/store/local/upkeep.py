"""What has to be forgotten in time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import trio

from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.options import ReceiptLimits

#: What travels with the next transaction waits no longer than this for one.
_TICK_SECONDS: Final = 1.0

#: Nobody reads it: written to see whether the disk takes it.
_TRIED_AT: Final = "tried_at"

#: Pause between two looks at all rows for some to purge.
_PURGE_SECONDS: Final = 30.0


class Purge(Protocol):
    """Takes rows out of the journal that nobody needs any more."""

    async def run(self, limits: ReceiptLimits, *, now: int) -> int:
        """Look at every row once; answers how many went.

        Raises:
            StoreUnavailable: the journal does not answer now.
        """
        ...

    async def close(self) -> None:
        """Let go of the journal."""
        ...


class Upkeep:
    """Trims memory each second and has the journal purged from time to time."""

    def __init__(
        self,
        state: LocalState,
        journal: Journal,
        purge: Purge | None,
        limits: ReceiptLimits,
    ) -> None:
        self.limits = limits
        self._state = state
        self._journal = journal
        self._purge = purge
        self._next_purge = 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await trio.sleep(_TICK_SECONDS)
            self.trim(now=self._state.clock())
            await self._write_notes()
            if monotonic() >= self._next_purge:
                began = monotonic()
                # that the store fails is told where it matters; rows can wait
                with suppress(StoreUnavailable):
                    await self.purge(now=self._state.clock())
                # a table in which little can go costs no more than a twentieth of the time
                self._next_purge = monotonic() + max(_PURGE_SECONDS, 20 * (monotonic() - began))

    def trim(self, *, now: int) -> None:
        """Forget in memory what is over its bounds, and have committed what waits for company."""
        self._state.history.trim(now=now)
        self._state.inbox.trim(now=now)
        self._state.recent.trim(now=now)
        self._state.trim_letters(now=now)
        self._state.durables.trim(now=now)
        batch = self._journal.batch()
        self._state.flush(batch)
        while forgotten := self._state.keys.trim(now=now):
            batch.forgotten_keys += forgotten
        if self._journal.failing_since() is not None:
            # only a commit tells that the disk is well again, and who is refused may not come back to ask
            batch.meta[_TRIED_AT] = str(now)
            batch.synced = True
        if not batch.empty():
            self._journal.ring()

    def flush_for_stop(self) -> None:
        """Have everything committed that the next start has to know."""
        batch = self._journal.batch()
        self._state.flush(batch)
        self._state.flush_notes(batch)
        self._state.carry_over(batch)

    async def _write_notes(self) -> None:
        """Have much that was noted committed part by part, so that others get in between."""
        # what cannot be written now is tried again with the next tick
        with suppress(StoreUnavailable):
            while self._state.notes.full():
                batch = self._journal.batch()
                self._state.notes.flush(batch)
                self._journal.ring()
                await batch.commit.wait()

    async def purge(self, *, now: int) -> int:
        """Take out of the journal what nobody needs any more; answers how many notifications went.

        Raises:
            StoreUnavailable: the journal does not answer now.
        """
        return 0 if self._purge is None else await self._purge.run(self.limits, now=now)

    async def close(self) -> None:
        """Let go of the journal."""
        if self._purge is not None:
            await self._purge.close()
