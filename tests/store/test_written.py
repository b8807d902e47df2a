from __future__ import annotations

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.store.batch import Batch, Commit, ended
from notifyd.store.memory.journal import NoJournal
from notifyd.store.written import Recorded, with_next


class Ledger:
    """Adds nothing, and remembers nothing."""

    def complete(self, batch: Batch) -> None: ...

    def committed(self, batch: Batch) -> None: ...

    def failed(self, batch: Batch) -> None: ...


class Closed(NoJournal):
    def batch(self) -> Batch:
        raise StoreUnavailable("the store is closed")


async def test_it_is_written_when_its_transaction_is(autojump_clock: trio.testing.MockClock) -> None:
    commit = Commit()
    written = Recorded(commit)
    assert not written.done()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(written.wait)
        await trio.testing.wait_all_tasks_blocked()
        commit.finish()
    assert written.done()
    with trio.fail_after(20):
        await written.wait()


async def test_it_fails_with_its_transaction() -> None:
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await Recorded(ended("disk is full")).wait()


async def test_without_a_journal_it_is_written_at_once() -> None:
    assert with_next(NoJournal(Ledger())).done()


async def test_after_the_end_nothing_is_written() -> None:
    written = with_next(Closed(Ledger()))
    assert written.done()
    with pytest.raises(StoreUnavailable, match="closed"):
        await written.wait()
