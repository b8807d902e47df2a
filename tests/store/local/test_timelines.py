"""Timelines and acks over a journal: what memory has and the journal does not yet, restarts, kills, bounds."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import NotificationId, UserId
from notifyd.model.notification import Kind
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.options import BrokerLimits, HistoryLimits, InboxLimits, ReceiptLimits
from tests.store.conftest import killed
from tests.store.samples import HOUR, T0, accept, dispatch, for_users, letter, notification, publish

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.model.receipt import Receipt
    from notifyd.store.local.broker import LocalBroker
    from tests.store.conftest import Faults, Start

UNKEPT = HistoryLimits(max_publications=0)


def acked(at: int = T0 + 1) -> TimelineEvent:
    return TimelineEvent(at, Happening.ACKED, receiver="printer")


def note(broker: LocalBroker, notification_id: NotificationId, times: int = 1) -> None:
    for number in range(times):
        broker.receipts.note(notification_id, acked(T0 + 1 + number), acked=1)


async def tick(broker: LocalBroker) -> None:
    """What waits for company is journalled."""
    broker.upkeep.trim(now=T0)
    await accept(broker, notification(delay=HOUR))


async def found(broker: LocalBroker, notification_id: NotificationId) -> Receipt:
    receipt = await broker.receipts.find(None, notification_id)
    assert receipt is not None
    return receipt


async def counts(broker: LocalBroker, notification_id: NotificationId) -> tuple[int, int]:
    """Acks that are counted, and that are told of."""
    receipt = await found(broker, notification_id)
    return receipt.acked, len([event for event in receipt.timeline if event.happening is Happening.ACKED])


def rows(folder: Path, table: str) -> int:
    connection = sqlite3.connect(folder / "broker.db")
    count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return count


async def test_notes_of_every_age_are_told_once(start: Start) -> None:
    async with start() as broker:
        (known,) = await accept(broker, notification())
        for number in range(1, 4):
            note(broker, known)
            assert await counts(broker, known) == (number, number)
            await tick(broker)
            assert await counts(broker, known) == (number, number)
            assert broker.receipts._notes.usage() == 0


async def test_notes_that_are_being_written_are_told_once(start: Start) -> None:
    async with start() as broker:
        (known,) = await accept(broker, notification())
        for number in range(1, 20):
            note(broker, known)
            broker.upkeep.trim(now=T0)
            # at any moment of the commit
            for _ in range(number % 5):
                await trio.lowlevel.checkpoint()
            assert await counts(broker, known) == (number, number)


async def test_notes_outlive_a_restart(start: Start) -> None:
    async with start() as broker:
        waiting, settled = await accept(broker, notification(delay=1), notification())
        await dispatch(broker)
        note(broker, waiting)
        note(broker, settled, times=2)
        before = [await found(broker, known) for known in (waiting, settled)]
    async with start() as broker:
        assert [await found(broker, known) for known in (waiting, settled)] == before
        note(broker, settled)
        assert await counts(broker, settled) == (3, 3)


async def test_a_kill_loses_what_was_noted_in_the_last_second_alone(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        (known,) = await accept(broker, notification())
        note(broker, known)
        await tick(broker)
        note(broker, known)
        folder = killed(tmp_path)
    async with start(folder) as broker:
        assert await counts(broker, known) == (1, 1)
        note(broker, known)
        assert await counts(broker, known) == (2, 2)
        await tick(broker)
        assert await counts(broker, known) == (2, 2)


async def test_publications_to_channels_note_nothing(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        await publish(broker, *[notification() for _ in range(9)])
        broker.upkeep.trim(now=T0)
        assert broker.receipts.usage() == (9, 0)
    assert rows(tmp_path / "state", "timeline") == 0


async def test_notes_of_the_unknown_are_not_written(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        note(broker, NotificationId("unknown"))
        await tick(broker)
    assert rows(tmp_path / "state", "timeline") == rows(tmp_path / "state", "acks") == 0


async def test_the_bound_of_one_counts_what_was_written_before(start: Start) -> None:
    async with start(limits=BrokerLimits(receipts=ReceiptLimits(max_events=3))) as broker:
        known, other = await accept(broker, notification(), notification())
        for number in (2, 4, 6):
            note(broker, known, times=2)
            assert await counts(broker, known) == (number, min(number, 3))
            await tick(broker)
            assert await counts(broker, known) == (number, min(number, 3))
        note(broker, other)
        await tick(broker)
        assert await counts(broker, other) == (1, 1)


async def test_many_notes_at_once_are_written_in_their_order(start: Start) -> None:
    limits = BrokerLimits(receipts=ReceiptLimits(max_events=400))
    async with start(limits=limits) as broker:
        known, other = await accept(broker, notification(), notification())
        for number in range(300):
            broker.receipts.note(known, acked(T0 + number), acked=1)
            broker.receipts.note(other, acked(T0 + number), acked=1)
    async with start(limits=limits) as broker:
        for each in (known, other):
            assert await counts(broker, each) == (300, 300)
            assert [event.at for event in (await found(broker, each)).timeline[1:]] == [T0 + n for n in range(300)]


async def test_notes_that_failed_are_written_later(start: Start, faults: Faults) -> None:
    async with start() as broker:
        (known,) = await accept(broker, notification())
        faults.fail("INSERT INTO timeline")
        note(broker, known)
        broker.upkeep.trim(now=T0)
        with pytest.raises(StoreUnavailable):
            await accept(broker, notification())
        note(broker, known)
        assert await counts(broker, known) == (2, 2)
        faults.heal()
        await tick(broker)
        assert await counts(broker, known) == (2, 2)
        assert broker.receipts.usage()[1] == 0
    async with start() as broker:
        assert await counts(broker, known) == (2, 2)


async def test_while_the_archive_is_away_memory_tells_what_it_knows(start: Start, faults: Faults) -> None:
    async with start() as broker:
        (known,) = await accept(broker, notification())
        note(broker, known)
        faults.fail("SELECT value FROM meta")
        assert await counts(broker, known) == (1, 1)


async def test_no_more_is_held_than_may_be_kept(start: Start, faults: Faults) -> None:
    async with start(limits=BrokerLimits(receipts=ReceiptLimits(max_all_events=5))) as broker:
        (known,) = await accept(broker, notification())
        faults.fail("INSERT")
        for _ in range(3):
            note(broker, known, times=3)
            broker.upkeep.trim(now=T0)
            with pytest.raises(StoreUnavailable):
                await accept(broker, notification())
        assert broker.receipts.usage()[1] == 5
        assert await counts(broker, known) == (9, 5)
        faults.heal()


async def test_notes_go_with_their_receipt(start: Start, tmp_path: Path) -> None:
    async with start(limits=BrokerLimits(history=UNKEPT)) as broker:
        gone, waiting = await accept(broker, notification(kind=Kind.BROADCAST), notification(delay=9 * HOUR))
        await dispatch(broker)
        note(broker, gone, times=2)
        note(broker, waiting)
        await tick(broker)
        broker.upkeep.limits = ReceiptLimits(max_age_seconds=3600)
        assert await broker.upkeep.purge(now=T0 + HOUR) == 1
    assert rows(tmp_path / "state", "timeline") == rows(tmp_path / "state", "acks") == 1


async def test_notes_of_what_was_put_back_stay_when_its_first_end_goes(start: Start) -> None:
    async with start(limits=BrokerLimits(history=UNKEPT)) as broker:
        one = notification(kind=Kind.BROADCAST)
        await accept(broker, one)
        await dispatch(broker)
        note(broker, one.id)
        dead = letter(one)
        await broker.dead_letters.add([dead], now=T0).wait()
        await broker.dead_letters.requeue([dead], [one], now=T0)[0].result()
        await tick(broker)
        broker.upkeep.limits = ReceiptLimits(max_age_seconds=3600)
        assert await broker.upkeep.purge(now=T0 + HOUR) == 1
        assert await counts(broker, one.id) == (1, 1)


async def test_over_the_number_of_all_the_oldest_events_go(start: Start) -> None:
    async with start() as broker:
        first, second = await accept(broker, notification(), notification())
        note(broker, first, times=3)
        broker.receipts.note(second, acked(T0 + 9), acked=1)
        await tick(broker)
        broker.upkeep.limits = ReceiptLimits(max_all_events=2)
        await broker.upkeep.purge(now=T0)
        assert await counts(broker, first) == (3, 1)
        assert await counts(broker, second) == (1, 1)
        # what went counts all the same
        note(broker, first)
        assert [event.at for event in (await found(broker, first)).timeline[1:]] == [T0 + 1, T0 + 3]


async def test_much_is_written_part_by_part(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        known = await accept(broker, *[notification() for _ in range(1500)])
        for each in known:
            note(broker, each)
        commits = broker._journal.commits  # type: ignore[attr-defined]
        broker.upkeep.trim(now=T0)
        await broker.upkeep._write_notes()
        # the first is in company
        assert broker._journal.commits == commits + 2  # type: ignore[attr-defined]
        assert broker.receipts.usage()[1] == 0
        assert rows(tmp_path / "state", "timeline") == 1500
        for each in known:
            note(broker, each)
    assert rows(tmp_path / "state", "timeline") == 3000


async def test_what_a_restart_pushes_out_of_inboxes_is_told(start: Start) -> None:
    one = for_users("anna")
    async with start() as broker:
        await publish(broker, one, for_users("anna"))
    async with start(limits=BrokerLimits(inbox=InboxLimits(max_notifications=1))) as broker:
        assert (await found(broker, one.id)).timeline[-1] == TimelineEvent(T0, Happening.EVICTED, UserId("anna"))
    async with start() as broker:
        assert (await found(broker, one.id)).timeline[-1].happening is Happening.EVICTED
