"""Group commit: what is asked for while one transaction is being written goes into the next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable
from notifyd.store.batch import Batch
from notifyd.store.memory.doorbell import Doorbell

if TYPE_CHECKING:
    from notifyd.bridge.worker import ThreadWorker
    from notifyd.store.journal import Ledger
    from notifyd.store.sqlite.writer import Writer

#: A transaction that takes longer than this counts as a failing store, though it may yet succeed.
_SLOW_SECONDS: Final = 5.0


class SqliteJournal:
    """A `Journal` that commits through one thread."""

    def __init__(self, ledger: Ledger, writer: Writer, worker: ThreadWorker) -> None:
        self._ledger = ledger
        self._writer = writer
        self._worker = worker
        self._bell = Doorbell()
        #: The last one collects; those before it are full.
        self._batches = deque([Batch()])
        self._failing_since: float | None = None
        self._begun_at: float | None = None
        self._closed = False
        #: Transactions committed so far.
        self.commits = 0

    def batch(self) -> Batch:
        """See `Journal.batch`.

        Raises:
            StoreUnavailable: it is closed.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._batches[-1].full():
            self._batches.append(Batch())
        return self._batches[-1]

    def ring(self) -> None:
        """See `Journal.ring`."""
        self._bell.ring()

    async def run(self) -> None:
        """See `Journal.run`."""
        while True:
            await self._bell.wait()
            # once begun, a batch is written and told of, also while all is being cancelled
            with trio.CancelScope(shield=True):
                await self._commit_next()
            if len(self._batches) > 1:
                self._bell.ring()

    async def close(self) -> None:
        """See `Journal.close`."""
        while not self._batches[0].empty() and not self._closed:
            self._closed = not await self._commit_next()
        self._closed = True
        for batch in self._batches:
            self._fail(batch, "the store is closed")
        await self._worker.run(self._writer.close)

    def failing_since(self) -> float | None:
        """See `Journal.failing_since`."""
        if self._failing_since is None and self._begun_at is not None and monotonic() - self._begun_at > _SLOW_SECONDS:
            return self._begun_at
        return self._failing_since

    async def _commit_next(self) -> bool:
        batch = self._batches.popleft()
        if not self._batches:
            self._batches.append(Batch())
        if batch.empty():
            return True
        self._begun_at = monotonic()
        try:
            await self._worker.run(self._writer.write, batch)
        except StoreUnavailable as exc:
            self._failing_since = self._failing_since or self._begun_at
            self._batches[0].inherit(batch)
            self._fail(batch, exc.message)
            return False
        else:
            self._failing_since = None
            self.commits += 1
            self._ledger.committed(batch)
            batch.commit.finish()
            return True
        finally:
            self._begun_at = None

    def _fail(self, batch: Batch, reason: str) -> None:
        self._ledger.failed(batch)
        batch.commit.finish(reason)
