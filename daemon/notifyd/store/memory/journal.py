"""The journal of a broker that keeps nothing: every transaction is done as soon as it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.batch import Batch

if TYPE_CHECKING:
    from notifyd.store.journal import Ledger


class NoJournal:
    """A `Journal` for durability `memory`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._batch = Batch()

    def batch(self) -> Batch:
        """See `Journal.batch`."""
        return self._batch

    def ring(self) -> None:
        """See `Journal.ring`: all is done on the spot."""
        batch, self._batch = self._batch, Batch()
        self._ledger.complete(batch)
        self._ledger.committed(batch)
        batch.commit.finish()

    async def run(self) -> None:
        """See `Journal.run`."""
        await trio.sleep_forever()

    async def close(self) -> None:
        """See `Journal.close`."""

    def failing_since(self) -> float | None:
        """Never."""
        return None
