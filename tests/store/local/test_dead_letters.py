"""Dead letters over a journal: restarts, kills and failing disks."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DeadLetterId
from notifyd.model.notification import State
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.options import BrokerLimits, DeadLetterLimits
from notifyd.store.ports import Outcome
from notifyd.telemetry.metrics import Counters
from tests.store.conftest import killed
from tests.store.samples import T0, accept, dispatch, for_users, letter, notification

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import Notification
    from notifyd.store.local.broker import LocalBroker
    from tests.store.conftest import Faults, Start

ALL = DeadLetterQuery()


async def listed(broker: LocalBroker) -> list[DeadLetter]:
    return await broker.dead_letters.letters(ALL, limit=99)


def in_file(folder: Path) -> list[str]:
    connection = sqlite3.connect(folder / "broker.db")
    found = [row[0] for row in connection.execute("SELECT id FROM dead_letters ORDER BY id")]
    connection.close()
    return found


async def die(broker: LocalBroker, one: Notification) -> DeadLetter:
    await accept(broker, one)
    (held,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.queue.settle([Outcome(held, State.DEAD, reason="fault", error="it broke")], now=T0)
    return (await listed(broker))[0]


async def test_letters_outlive_a_restart(start: Start) -> None:
    made = [letter(for_users("anna", connections=["c1"]), at=T0 + 1), letter(notification(data=b'"\xc3\xa4"'), at=T0)]
    async with start() as broker:
        await broker.dead_letters.add(made, now=T0).wait()
        usage = broker.dead_letters.usage()
    async with start() as broker:
        assert await listed(broker) == made
        assert broker.dead_letters.usage() == usage


async def test_what_died_before_a_kill_is_a_letter(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        dead = await die(broker, notification())
        # journalled with the outcome, without being waited for: whatever comes next is behind it
        await accept(broker, notification())
        folder = killed(tmp_path)
    async with start(folder) as broker:
        assert await listed(broker) == [dead]
        assert broker.queue.stats(now=T0).waiting == 1


async def test_what_was_dropped_stays_away(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        dead = await die(broker, notification())
        await broker.dead_letters.remove([dead.id])
        folder = killed(tmp_path)
    async with start(folder) as broker:
        assert await listed(broker) == []


async def test_what_was_put_back_waits_after_a_kill(start: Start, tmp_path: Path) -> None:
    one = notification()
    async with start() as broker:
        dead = await die(broker, one)
        await broker.dead_letters.requeue([dead], [one], now=T0)[0].result()
        folder = killed(tmp_path)
    async with start(folder) as broker:
        assert await listed(broker) == []
        receipt = await broker.receipts.find(None, one.id)
        assert receipt is not None
        assert receipt.state is State.WAITING
        (publication,) = await dispatch(broker, now=T0 + 5)
        assert publication.notification == one
    async with start(folder) as broker:
        receipt = await broker.receipts.find(None, one.id)
        assert receipt is not None
        assert (receipt.state, receipt.settled_at, receipt.offset) == (State.DISPATCHED, T0 + 5, 1)
        assert [event.detail for event in receipt.timeline] == ["", "fault", ""]


async def test_what_was_evicted_stays_away(start: Start, tmp_path: Path) -> None:
    limits = BrokerLimits(dead_letters=DeadLetterLimits(max_count=1))
    counters = Counters()
    made = [letter(), letter(), letter()]
    async with start(limits=limits, counters=counters) as broker:
        for each in made:
            await broker.dead_letters.add([each], now=T0).wait()
        assert in_file(tmp_path / "state") == [made[2].id]
        assert counters.dead_letters_evicted == 2
    async with start() as broker:
        assert await listed(broker) == made[2:]


async def test_what_is_over_age_leaves_the_journal_in_time(start: Start, tmp_path: Path) -> None:
    made = [letter(at=T0), letter(at=T0 + 1000)]
    async with start(limits=BrokerLimits(dead_letters=DeadLetterLimits(max_age_seconds=10))) as broker:
        await broker.dead_letters.add(made, now=T0).wait()
        broker.upkeep.trim(now=T0 + 10_000)
        assert await listed(broker) == made[1:]
        await accept(broker, notification())
        assert in_file(tmp_path / "state") == [made[1].id]


async def test_what_was_evicted_and_died_again_is_kept(start: Start) -> None:
    one = letter()
    async with start(limits=BrokerLimits(dead_letters=DeadLetterLimits(max_age_seconds=10))) as broker:
        await broker.dead_letters.add([one], now=T0).wait()
        await broker.dead_letters.trim(now=T0 + 10_000)
        again = letter(one.notification, at=T0 + 10_000)
        await broker.dead_letters.add([again], now=T0 + 10_000).wait()
    async with start() as broker:
        assert await listed(broker) == [again]


async def test_tighter_bounds_are_kept_at_a_restart(start: Start, tmp_path: Path) -> None:
    made = [letter(), letter()]
    async with start() as broker:
        await broker.dead_letters.add(made, now=T0).wait()
    async with start(limits=BrokerLimits(dead_letters=DeadLetterLimits(max_count=1))) as broker:
        broker.upkeep.trim(now=T0)
        assert await listed(broker) == made[1:]
    assert in_file(tmp_path / "state") == [made[1].id]


async def test_a_requeue_that_failed_leaves_the_letter(start: Start, faults: Faults) -> None:
    one = notification()
    async with start() as broker:
        dead = await die(broker, one)
        faults.fail("INSERT INTO notifications")
        (pending,) = broker.dead_letters.requeue([dead], [one], now=T0)
        with pytest.raises(StoreUnavailable):
            await pending.result()
        assert await listed(broker) == [dead]
        receipt = await broker.receipts.find(None, one.id)
        assert receipt is not None
        assert receipt.state is State.DEAD
        faults.heal()
        (pending,) = broker.dead_letters.requeue([dead], [one], now=T0)
        await pending.result()
    async with start() as broker:
        assert await listed(broker) == []
        assert broker.queue.stats(now=T0).waiting == 1


async def test_a_drop_that_failed_leaves_the_letter(start: Start, faults: Faults) -> None:
    async with start() as broker:
        made = [await die(broker, notification()), letter()]
        await broker.dead_letters.add(made[1:], now=T0).wait()
        faults.fail("DELETE FROM dead_letters")
        with pytest.raises(StoreUnavailable):
            await broker.dead_letters.remove([made[0].id])
        assert await listed(broker) == made[::-1]
        faults.heal()
    async with start() as broker:
        assert await listed(broker) == made[::-1]


async def test_what_could_not_be_written_is_written_later(start: Start, faults: Faults) -> None:
    one = letter()
    async with start() as broker:
        faults.fail("INSERT OR REPLACE INTO dead_letters")
        written = broker.dead_letters.add([one], now=T0)
        with pytest.raises(StoreUnavailable):
            await written.wait()
        assert await listed(broker) == [one]
        faults.heal()
        await accept(broker, notification())
    async with start() as broker:
        assert await listed(broker) == [one]


async def test_what_is_put_back_while_the_disk_fails_is_not_lost(start: Start, faults: Faults) -> None:
    """The letter and its requeue fail together: the letter was in force, and is written later."""
    one = letter()
    async with start() as broker:
        faults.fail("BEGIN")
        written = broker.dead_letters.add([one], now=T0)
        (pending,) = broker.dead_letters.requeue([one], [one.notification], now=T0)
        for waited in (written.wait(), pending.result()):
            with pytest.raises(StoreUnavailable):
                await waited
        faults.heal()
        await accept(broker, notification())
    async with start() as broker:
        assert await listed(broker) == [one]
        assert broker.queue.stats(now=T0).waiting == 1


async def test_what_is_put_back_was_accepted_once(start: Start, faults: Faults) -> None:
    counters = Counters()
    one = notification()
    async with start(counters=counters) as broker:
        dead = await die(broker, one)
        faults.fail("INSERT INTO notifications")
        with pytest.raises(StoreUnavailable):
            await broker.dead_letters.requeue([dead], [one], now=T0)[0].result()
        faults.heal()
        await broker.dead_letters.requeue([dead], [one], now=T0)[0].result()
        assert (counters.accepted, counters.rejected) == (1, 0)


async def test_nothing_is_taken_when_it_is_closed(start: Start) -> None:
    async with start() as broker:
        dead = await die(broker, notification())
    written = broker.dead_letters.add([letter(id=DeadLetterId("late"))], now=T0)
    with pytest.raises(StoreUnavailable):
        await written.wait()
    with pytest.raises(StoreUnavailable):
        broker.dead_letters.requeue([dead], [dead.notification], now=T0)
    assert await listed(broker) == [dead]
