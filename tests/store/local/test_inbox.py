"""What is journalled with company, what at once, and what a failing disk undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.store.local import upkeep
from notifyd.telemetry.metrics import Counters
from tests.store.conftest import Faults, Start, killed
from tests.store.samples import T0, accept, dispatch, for_users, notification, publish, push_of

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.store.ports import Broker

ANNA = UserId("anna")


def advance(broker: Broker) -> int:
    return broker.inbox.advance(DEFAULT_CLIENT, ANNA, broker.inbox.position(DEFAULT_CLIENT, ANNA), now=T0)


async def test_the_cursor_is_journalled_within_a_tick(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_TICK_SECONDS", 0.01)
    async with start() as broker:
        await publish(broker, for_users(ANNA))
        await accept(broker, notification(delay=1000))
        assert advance(broker) == 1
        await broker._journal.batch().commit.wait()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        (info,) = await broker.inbox.inboxes()
        assert info.cursor == 1


async def test_a_failed_stamp_leaves_every_inbox_as_it_was(start: Start, faults: Faults) -> None:
    async with start() as broker:
        await accept(broker, for_users(ANNA, "bert"))
        held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
        faults.fail("COMMIT")
        with pytest.raises(StoreUnavailable):
            await broker.history.append(held, now=T0)
        assert broker.inbox.usage() == (0, 0, 0)
        faults.heal()
        published = await broker.history.append(held, now=T0)
        assert [p.inbox and p.inbox.offset for p in published] == [1, 1]


async def test_what_became_of_items_moves_on_to_the_next_transaction(start: Start, faults: Faults) -> None:
    one = for_users(ANNA)
    async with start() as broker:
        await publish(broker, one)
        broker.inbox.pushed(push_of(one, ANNA), pushed=1, failed=0, reason="")
        advance(broker)
        faults.fail("BEGIN")
        broker.upkeep.trim(now=T0)
        (pending,) = broker.queue.enqueue([notification()], now=T0)
        with pytest.raises(StoreUnavailable):
            await pending.result()
        faults.heal()
        await accept(broker, notification())
    async with start() as broker:
        receipt = await broker.receipts.find(None, one.id)
        assert receipt is not None
        assert receipt.users[0].pushed == 1
        assert (await broker.inbox.inboxes())[0].cursor == 1


async def test_a_removal_that_was_not_recorded_is_recorded_with_the_next_transaction(
    start: Start, faults: Faults
) -> None:
    async with start() as broker:
        await publish(broker, for_users(ANNA))
        faults.fail("BEGIN")
        with pytest.raises(StoreUnavailable):
            await broker.inbox.forget(DEFAULT_CLIENT)
        assert await broker.inbox.inboxes() == []
        faults.heal()
        assert await broker.inbox.forget(DEFAULT_CLIENT) == 0
    async with start() as broker:
        assert await broker.inbox.inboxes() == []


async def test_pushes_are_not_counted_as_accepted(start: Start, faults: Faults) -> None:
    counters, one = Counters(), for_users(ANNA)
    async with start(counters=counters) as broker:
        await accept(broker, one, push_of(one, ANNA))
        assert (counters.accepted, counters.rejected) == (1, 0)
        faults.fail("INSERT INTO notifications")
        for pending in broker.queue.enqueue([push_of(one, ANNA), notification()], now=T0):
            with pytest.raises(StoreUnavailable):
                await pending.result()
        faults.heal()
        assert (counters.accepted, counters.rejected) == (1, 1)
        await dispatch(broker)


async def test_a_cursor_that_was_waited_for_survives_a_kill(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        await publish(broker, for_users(ANNA))
        assert advance(broker) == 1
        await broker.inbox.written().wait()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        (info,) = await broker.inbox.inboxes()
        assert info.cursor == 1


async def test_a_cursor_that_could_not_be_written_goes_with_the_next_transaction(
    start: Start, tmp_path: Path, faults: Faults
) -> None:
    async with start() as broker:
        await publish(broker, for_users(ANNA))
        advance(broker)
        faults.fail("INSERT")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await broker.inbox.written().wait()
        faults.heal()
        written = broker.inbox.written()
        assert not written.done()
        await written.wait()
        assert broker.inbox.written().done()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        (info,) = await broker.inbox.inboxes()
        assert info.cursor == 1


async def test_nothing_can_be_promised_after_the_end(start: Start) -> None:
    async with start() as broker:
        await publish(broker, for_users(ANNA))
    advance(broker)
    with pytest.raises(StoreUnavailable, match="closed"):
        await broker.inbox.written().wait()
