"""Group commit: what is asked for while one transaction is being written goes into the next."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable
from notifyd.store.batch import Batch
from notifyd.store.memory.doorbell import Doorbell

if TYPE_CHECKING:
    from notifyd.bridge.worker import Answer, OwnThread
    from notifyd.store.journal import Ledger
    from notifyd.store.sqlite.folding import LogFolder
    from notifyd.store.sqlite.writer import Writer

log = structlog.get_logger("notifyd.store")

#: A transaction that takes longer than this counts as a failing store, though it may yet succeed.
_SLOW_SECONDS: Final = 5.0

#: How often it is looked at whether it does.
_WATCH_SECONDS: Final = 1.0


class SqliteJournal:
    """A `Journal` that commits through one thread."""

    def __init__(self, ledger: Ledger, writer: Writer, thread: OwnThread, folder: LogFolder) -> None:
        self._ledger = ledger
        self._writer = writer
        self._thread = thread
        self._folder = folder
        self._bell = Doorbell()
        self._rung = False
        #: The last one collects; those before it are full.
        self._batches = deque([Batch()])
        #: What the thread is writing, and since when.
        self._writing: Batch | None = None
        self._begun_at = 0.0
        self._failing_since: float | None = None
        #: What failed was to be synced: that something else could be written proves nothing.
        self._sync_failed = False
        self._defect: Exception | None = None
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
        if not self._rung:
            self._rung = True
            self._bell.ring()

    async def run(self) -> None:
        """See `Journal.run`."""
        while True:
            # begun by a task and not by the ring, so that everything that rings in the same turn of trio gets in
            with trio.move_on_after(math.inf if self._writing is None else _WATCH_SECONDS):
                await self._bell.wait()
            if self._defect is not None:
                raise self._defect
            if self._writing is None and self._rung:
                self._begin()
            elif self._slow():
                self._give_up()

    async def close(self) -> None:
        """See `Journal.close`. `run` must have ended."""
        await self._turn()
        while not self._batches[0].empty():
            self._begin()
            await self._turn()
            if self._failing_since is not None:
                break
        self._closed = True
        for batch in self._batches:
            if not batch.empty():
                self._fail(batch, "the store is closed")
        await self._folder.close()
        try:
            await self._thread.run(self._writer.close)
        except StoreUnavailable as exc:
            # what was accepted is safe; the next start takes this for a kill
            log.warning("journal_not_closed", problem=exc.message)
        finally:
            self._thread.close()

    def failing_since(self) -> float | None:
        """See `Journal.failing_since`."""
        return self._begun_at if self._slow() and self._failing_since is None else self._failing_since

    async def _turn(self) -> None:
        """Return when what is being written has been told of: the thread answers in order."""
        await self._thread.run(_nothing)

    def _begin(self) -> None:
        batch = self._batches.popleft()
        # those behind it were asked for too
        self._rung = bool(self._batches)
        if not self._batches:
            self._batches.append(Batch())
        self._ledger.complete(batch)
        self._writing = batch
        self._begun_at = monotonic()
        self._thread.submit(self._written, self._writer.write, batch)

    def _written(self, answer: Answer[None]) -> None:
        batch, self._writing = self._writing, None
        if batch is None:
            raise AssertionError("an answer came though nothing was being written")
        if answer.error is None:
            if self._failing_since is not None and (batch.synced or not self._sync_failed):
                log.warning("journal_recovered", seconds=round(monotonic() - self._failing_since, 3))
                self._failing_since, self._sync_failed = None, False
            self.commits += 1
            self._folder.wrote(batch)
            batch.took_seconds = monotonic() - self._begun_at
            self._ledger.committed(batch)
            batch.commit.finish()
        else:
            if self._failing_since is None:
                log.error("journal_failed", problem=str(answer.error))
                self._failing_since = self._begun_at
            self._sync_failed = self._sync_failed or batch.synced
            self._batches[0].inherit(batch)
            self._fail(batch, str(answer.error))
            if not isinstance(answer.error, StoreUnavailable):
                self._defect = answer.error
                self._bell.ring()
        if self._rung:
            self._bell.ring()

    def _slow(self) -> bool:
        return self._writing is not None and monotonic() - self._begun_at > _SLOW_SECONDS

    def _give_up(self) -> None:
        """Nobody waits longer for a disk that does not answer. What is being written may yet be kept."""
        reason = f"the disk has not answered for {_SLOW_SECONDS:g} s"
        if self._writing is not None:
            self._writing.commit.give_up(f"{reason}; it may yet be kept")
        waiting = [batch for batch in self._batches if not batch.empty()]
        self._batches = deque([Batch()])
        for batch in reversed(waiting):
            self._batches[0].inherit(batch)
        for batch in waiting:
            self._fail(batch, reason)

    def _fail(self, batch: Batch, reason: str) -> None:
        self._ledger.failed(batch)
        batch.commit.finish(reason)


def _nothing() -> None:
    """Takes its turn in the thread."""
