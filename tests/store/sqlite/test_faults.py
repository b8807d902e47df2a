"""A broker whose disk fails: nothing half done, and well again by itself."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import Kind, State
from notifyd.store.options import BrokerLimits, QueueLimits
from notifyd.store.ports import Outcome
from notifyd.store.sqlite import connection as connections
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, accept, dispatch, idempotency, notification, offsets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.conftest import Faults, Start

ONE_PLACE = BrokerLimits(queue=QueueLimits(max_size=1))


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.OperationalError("database is locked"),
    ],
)
async def test_what_cannot_be_kept_is_not_accepted(start: Start, faults: Faults, error: sqlite3.Error) -> None:
    counters = Counters()
    async with start(limits=ONE_PLACE, counters=counters) as broker:
        faults.fail("INSERT INTO notifications", error)
        for _ in range(3):
            # its place is free again each time
            (pending,) = broker.queue.enqueue([notification()], now=T0)
            with pytest.raises(StoreUnavailable, match=str(error)):
                await pending.result()
        assert broker.queue.stats(now=T0).waiting == 0
        assert broker.failing_since() is not None
        faults.heal()
        await accept(broker, notification())
        assert broker.failing_since() is None
        assert (counters.accepted, counters.rejected) == (1, 3)
    async with start() as broker:
        assert broker.queue.stats(now=T0).waiting == 1


@pytest.mark.parametrize("word", ["BEGIN", "COMMIT", "INSERT INTO notifications", "INSERT OR REPLACE INTO idempotency"])
async def test_a_transaction_is_kept_whole_or_not_at_all(start: Start, faults: Faults, word: str) -> None:
    async with start() as broker:
        faults.fail(word)
        (first,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        (same,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        for pending in (first, same):
            with pytest.raises(StoreUnavailable):
                await pending.result()
        faults.heal()
        # the key is free again
        (again,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        assert not (await again.result()).duplicate
    async with start() as broker:
        assert broker.queue.stats(now=T0).waiting == 1


async def test_stamps_that_failed_are_given_again(start: Start, faults: Faults) -> None:
    async with start() as broker:
        await accept(broker, notification(), notification())
        leases = await broker.queue.lease(limit=9, lease_seconds=30, now=T0)
        faults.fail("INSERT OR REPLACE INTO outcomes")
        with pytest.raises(StoreUnavailable):
            await broker.history.append(leases, now=T0)
        assert broker.history.position(DEFAULT_CLIENT, "orders").offset == 0
        assert broker.history.usage() == (0, 0, 0)
        faults.heal()
        assert offsets(await broker.history.append(leases, now=T0)) == [1, 2]


async def test_a_withdrawal_that_failed_leaves_it_waiting(start: Start, faults: Faults) -> None:
    async with start() as broker:
        one, two = await accept(broker, notification(), notification())
        faults.fail("INSERT OR REPLACE INTO outcomes")
        with pytest.raises(StoreUnavailable):
            await broker.queue.cancel(None, one, now=T0)
        with pytest.raises(StoreUnavailable):
            await broker.queue.clear(None, now=T0)
        faults.heal()
        leases = await broker.queue.lease(limit=9, lease_seconds=9, now=T0)
        assert {lease.notification.id for lease in leases} == {one, two}


async def test_what_was_settled_meanwhile_is_written_later(start: Start, faults: Faults) -> None:
    async with start() as broker:
        (gone,) = await accept(broker, notification(kind=Kind.BROADCAST))
        (lease,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        faults.fail("INSERT")
        await broker.queue.settle([Outcome(lease, State.DEAD)], now=T0)
        (refused,) = broker.queue.enqueue([notification()], now=T0)
        with pytest.raises(StoreUnavailable):
            await refused.result()
        faults.heal()
    async with start() as broker:
        receipt = await broker.receipts.find(None, gone)
        assert receipt is not None
        assert receipt.state is State.DEAD


async def test_a_lock_of_another_process_is_waited_for_and_then_told(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_MILLISECONDS", 20)
    async with start() as broker:
        other = sqlite3.connect(tmp_path / "state" / "broker.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        (pending,) = broker.queue.enqueue([notification()], now=T0)
        with pytest.raises(StoreUnavailable, match="locked"):
            await pending.result()
        other.execute("ROLLBACK")
        other.close()
        await accept(broker, notification())


async def test_a_receipt_is_not_denied_because_the_disk_fails(start: Start, faults: Faults) -> None:
    async with start() as broker:
        (old,) = await accept(broker, notification())
        await dispatch(broker)
    async with start() as broker:
        faults.fail("SELECT n.id")
        with pytest.raises(StoreUnavailable):
            await broker.receipts.find(None, old)
        faults.heal()
        assert await broker.receipts.find(None, old) is not None


async def test_a_stop_with_a_failing_disk_ends(start: Start, faults: Faults) -> None:
    async with start() as broker:
        (pending,) = broker.queue.enqueue([notification()], now=T0)
        faults.fail("")
    with pytest.raises(StoreUnavailable):
        await pending.result()
    faults.heal()
    async with start() as broker:
        assert broker.queue.stats(now=T0).waiting == 0


async def test_what_was_kept_is_timed_and_what_was_not_is_not(start: Start, faults: Faults) -> None:
    counters = Counters()
    async with start(counters=counters) as broker:
        faults.fail("INSERT INTO notifications")
        (pending,) = broker.queue.enqueue([notification()], now=T0)
        with pytest.raises(StoreUnavailable):
            await pending.result()
        faults.heal()
        await accept(broker, notification(), notification())
    times = counters.times
    assert sum(times.accept.counts) == 2
    assert sum(times.engine.of("journal").counts) >= 1
    assert times.engine.of("journal").total <= times.accept.total + 5
