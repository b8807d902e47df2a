"""Group commit, and what happens when a commit fails."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.bridge.worker import OwnThread
from notifyd.errors import StoreUnavailable
from notifyd.store import batch as batches
from notifyd.store.memory.entry import Entry
from notifyd.store.sqlite import journal as journals
from notifyd.store.sqlite.folding import LogFolder
from notifyd.store.sqlite.journal import SqliteJournal
from tests.store.samples import expire, notification

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator

    from notifyd.store.batch import Batch, Commit


class Book:
    """A ledger that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def complete(self, batch: Batch) -> None:
        self.told.append(("complete", len(batch.entries)))

    def committed(self, batch: Batch) -> None:
        self.told.append(("committed", len(batch.entries)))

    def failed(self, batch: Batch) -> None:
        self.told.append(("failed", len(batch.entries)))

    def endings(self) -> list[tuple[str, int]]:
        return [told for told in self.told if told[0] != "complete"]


class Pen:
    """A writer whose every write can be held up and made to fail."""

    def __init__(self) -> None:
        self.written: list[Batch] = []
        self.error: Exception | None = None
        self.closed = False
        self.free = threading.Event()
        self.free.set()

    def write(self, batch: Batch) -> None:
        assert self.free.wait(10)
        if self.error is not None:
            raise self.error
        self.written.append(batch)

    def close(self) -> None:
        self.closed = True


def idle_folder() -> LogFolder:
    """One that has nothing to fold."""

    def refuse() -> sqlite3.Connection:
        raise AssertionError("nothing has to be folded here")

    return LogFolder(refuse, OwnThread("test-folder"))


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
async def ended(nursery: trio.Nursery) -> trio.CancelScope:
    """Ends the journal's run when it is cancelled."""
    nursery.start_soon(expire, 20)
    return trio.CancelScope()


@pytest.fixture
async def journal(book: Book, pen: Pen, nursery: trio.Nursery, ended: trio.CancelScope) -> AsyncIterator[SqliteJournal]:
    thread = OwnThread("test-journal", errors={OSError: lambda exc: StoreUnavailable(str(exc))})
    journal = SqliteJournal(book, pen, thread, idle_folder())  # type: ignore[arg-type]

    async def run() -> None:
        with ended:
            await journal.run()

    nursery.start_soon(run)
    yield journal
    # what is still being written would be answered to a loop that has ended
    ended.cancel()
    pen.free.set()
    if not pen.closed:
        await thread.run(int)


def add(journal: SqliteJournal) -> Commit:
    """One notification on its way."""
    batch = journal.batch()
    batch.entries.append(Entry.of(1, notification()))
    journal.ring()
    return batch.commit


async def test_all_of_one_turn_share_a_transaction(journal: SqliteJournal, book: Book) -> None:
    commits = [add(journal) for _ in range(50)]
    await commits[-1].wait()
    assert book.endings() == [("committed", 50)]
    assert journal.commits == 1
    assert len({id(commit) for commit in commits}) == 1


async def test_what_comes_during_a_write_shares_the_next(journal: SqliteJournal, book: Book, pen: Pen) -> None:
    pen.free.clear()
    first = add(journal)
    await trio.testing.wait_all_tasks_blocked()
    rest = [add(journal) for _ in range(7)]
    assert not first.done
    pen.free.set()
    await rest[-1].wait()
    assert book.endings() == [("committed", 1), ("committed", 7)]


async def test_the_ledger_may_complete_a_batch_before_it_is_written(journal: SqliteJournal, book: Book) -> None:
    await add(journal).wait()
    assert book.told == [("complete", 1), ("committed", 1)]


async def test_a_full_batch_takes_no_more(journal: SqliteJournal, book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "FULL_ROWS", 2)
    commits = [add(journal) for _ in range(5)]
    await commits[-1].wait()
    assert book.endings() == [("committed", 2), ("committed", 2), ("committed", 1)]


async def test_a_failed_write_is_told_to_everybody_in_it(journal: SqliteJournal, book: Book, pen: Pen) -> None:
    pen.error = OSError("disk is full")
    commits = [add(journal), add(journal)]
    for commit in commits:
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await commit.wait()
    assert book.endings() == [("failed", 2)]


async def test_the_next_write_after_a_failure_may_succeed(journal: SqliteJournal, book: Book, pen: Pen) -> None:
    assert journal.failing_since() is None
    pen.error = OSError("disk is full")
    with pytest.raises(StoreUnavailable):
        await add(journal).wait()
    since = journal.failing_since()
    with pytest.raises(StoreUnavailable):
        await add(journal).wait()
    assert journal.failing_since() == since is not None
    pen.error = None
    await add(journal).wait()
    assert journal.failing_since() is None
    assert book.endings()[-1] == ("committed", 1)


async def test_what_happened_already_moves_on_to_the_next_write(journal: SqliteJournal, pen: Pen) -> None:
    pen.error = OSError("disk is full")
    batch = journal.batch()
    outcome = (1, "expired", 5, None, 0, 0, 0, "")
    batch.settled.append(outcome)
    batch.decided.append((2, "cancelled", 5, None, 0, 0, 0, ""))
    batch.meta["paused"] = "yes"
    journal.ring()
    with pytest.raises(StoreUnavailable):
        await batch.commit.wait()
    pen.error = None
    await add(journal).wait()
    (written,) = pen.written
    assert (written.settled, written.decided, written.meta) == ([outcome], [], {"paused": "yes"})


async def test_a_failure_does_not_try_again_by_itself(journal: SqliteJournal, book: Book, pen: Pen) -> None:
    pen.error = OSError("disk is full")
    batch = journal.batch()
    batch.meta["paused"] = "yes"
    journal.ring()
    with pytest.raises(StoreUnavailable):
        await batch.commit.wait()
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert len(book.endings()) == 1


async def test_after_a_failed_sync_only_a_sync_proves_that_it_works(journal: SqliteJournal, pen: Pen) -> None:
    pen.error = OSError("cannot be synced")
    journal.batch().synced = True
    with pytest.raises(StoreUnavailable):
        await add(journal).wait()
    pen.error = None
    await add(journal).wait()
    assert journal.failing_since() is not None
    journal.batch().synced = True
    await add(journal).wait()
    assert journal.failing_since() is None


async def test_a_write_that_hangs_counts_as_failing(
    journal: SqliteJournal, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_SLOW_SECONDS", -1.0)
    pen.free.clear()
    commit = add(journal)
    await trio.testing.wait_all_tasks_blocked()
    assert journal.failing_since() is not None
    pen.free.set()
    await commit.wait()
    assert journal.failing_since() is None


async def test_nobody_waits_for_a_write_that_hangs_and_what_it_holds_may_yet_be_kept(
    journal: SqliteJournal, book: Book, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_SLOW_SECONDS", -1.0)
    monkeypatch.setattr(journals, "_WATCH_SECONDS", 0.01)
    pen.free.clear()
    first = add(journal)
    with pytest.raises(StoreUnavailable, match="may yet be kept"):
        await first.wait()
    second = add(journal)
    with pytest.raises(StoreUnavailable, match="not answered"):
        await second.wait()
    assert book.endings() == [("failed", 1)]
    pen.free.set()
    await first.ended()
    await first.wait()
    with pytest.raises(StoreUnavailable):
        await second.ended()
    # one without entries may follow, for what was left of those that failed
    assert [ending for ending in book.endings() if ending[1]] == [("failed", 1), ("committed", 1)]
    assert [len(batch.entries) for batch in pen.written if batch.entries] == [1]


async def test_who_has_to_know_the_end_waits_longer(
    journal: SqliteJournal, pen: Pen, monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery
) -> None:
    monkeypatch.setattr(journals, "_SLOW_SECONDS", -1.0)
    monkeypatch.setattr(journals, "_WATCH_SECONDS", 0.01)
    pen.free.clear()
    commit, known = add(journal), trio.Event()

    async def wait() -> None:
        await commit.ended()
        known.set()

    nursery.start_soon(wait)
    with pytest.raises(StoreUnavailable):
        await commit.wait()
    assert not known.is_set()
    pen.free.set()
    await known.wait()


async def test_closing_writes_what_is_left(
    journal: SqliteJournal, book: Book, pen: Pen, ended: trio.CancelScope
) -> None:
    pen.free.clear()
    first = add(journal)
    await trio.testing.wait_all_tasks_blocked()
    last = add(journal)
    ended.cancel()
    await trio.testing.wait_all_tasks_blocked()
    pen.free.set()
    await journal.close()
    assert first.done
    assert last.done
    assert book.endings() == [("committed", 1), ("committed", 1)]
    assert pen.closed
    with pytest.raises(StoreUnavailable, match="closed"):
        journal.batch()


async def test_closing_a_failing_journal_fails_what_is_left(
    journal: SqliteJournal, book: Book, pen: Pen, ended: trio.CancelScope
) -> None:
    ended.cancel()
    pen.error = OSError("disk is full")
    commit = add(journal)
    await journal.close()
    with pytest.raises(StoreUnavailable):
        await commit.wait()
    assert book.endings()[0] == ("failed", 1)
    assert pen.closed


async def test_a_defect_is_not_taken_for_a_failing_store(book: Book, pen: Pen) -> None:
    thread = OwnThread("test-journal")
    journal = SqliteJournal(book, pen, thread, idle_folder())  # type: ignore[arg-type]
    pen.error = ZeroDivisionError()
    commit = add(journal)
    with trio.fail_after(10), pytest.raises(ZeroDivisionError):
        await journal.run()
    assert commit.failure is not None
    thread.close()
