"""Pushes and webhooks wait in lanes of their own: no consumer is in another's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.model.notification import Kind, State
from notifyd.store.ports import Lane, Outcome
from tests.store.samples import T0, accept, counted, dispatch, for_users, notification, publish, push_of

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification
    from notifyd.store.ports import Broker, Lease


def push(**details: int) -> Notification:
    return push_of(for_users("anna"), "anna", **details)


def webhook(**details: int) -> Notification:
    return notification("audit", kind=Kind.WEBHOOK, **details)


async def lease(broker: Broker, lane: Lane, *, now: int = T0) -> list[Lease]:
    return await broker.queue.lease(limit=9, lease_seconds=30, now=now, lane=lane)


def ids(leases: list[Lease]) -> list[NotificationId]:
    return [item.notification.id for item in leases]


async def test_each_lane_hands_out_its_own(broker: Broker) -> None:
    one, low, high, event = notification(), push(priority=1), push(priority=9), webhook()
    await accept(broker, one, low, high, event)
    assert ids(await lease(broker, Lane.PUSH)) == [high.id, low.id]
    assert ids(await lease(broker, Lane.LIVE)) == [one.id]
    assert ids(await lease(broker, Lane.WEBHOOK)) == [event.id]
    assert (await counted(broker)).leased == 4


async def test_each_lane_has_a_bell_of_its_own(broker: Broker) -> None:
    with trio.move_on_after(0):
        await broker.queue.wait_for_work()
    await accept(broker, push())
    await broker.queue.wait_for_work(Lane.PUSH)
    for lane in (Lane.LIVE, Lane.WEBHOOK):
        with trio.move_on_after(0) as patience:
            await broker.queue.wait_for_work(lane)
        assert patience.cancelled_caught
    await accept(broker, notification(), webhook())
    await broker.queue.wait_for_work()
    await broker.queue.wait_for_work(Lane.WEBHOOK)


async def test_each_lane_knows_when_it_is_due(broker: Broker) -> None:
    await accept(broker, notification(delay=1000), push(delay=2000))
    assert broker.queue.next_due_at(now=T0) == T0 + 1000
    assert broker.queue.next_due_at(now=T0, lane=Lane.PUSH) == T0 + 2000
    await accept(broker, push())
    assert broker.queue.next_due_at(now=T0) == T0 + 1000
    assert broker.queue.next_due_at(now=T0, lane=Lane.PUSH) == T0


@pytest.mark.parametrize("lane", [Lane.PUSH, Lane.WEBHOOK])
async def test_what_failed_comes_back_to_its_lane(broker: Broker, lane: Lane) -> None:
    await accept(broker, push() if lane is Lane.PUSH else webhook())
    held = await lease(broker, lane)
    broker.queue.release(held, due_at=T0 + 10)
    await broker.queue.wait_for_work(lane)
    assert await lease(broker, Lane.LIVE, now=T0 + 10) == []
    (again,) = await lease(broker, lane, now=T0 + 10)
    assert again.attempts == 1
    # a lease that is lost does too
    (last,) = await lease(broker, lane, now=T0 + 10 + 30_000)
    assert last.notification == again.notification
    await broker.queue.settle([Outcome(again, State.DISPATCHED)], now=T0 + 10 + 30_000)
    assert (await counted(broker)).waiting == 1


async def test_a_pause_stops_all_lanes(broker: Broker) -> None:
    await accept(broker, notification(), push(), webhook())
    await broker.queue.pause()
    for lane in Lane:
        assert await lease(broker, lane) == []
        assert broker.queue.next_due_at(now=T0, lane=lane) is None
        with trio.move_on_after(0):
            await broker.queue.wait_for_work(lane)
    await broker.queue.resume()
    for lane in Lane:
        await broker.queue.wait_for_work(lane)
        assert len(await lease(broker, lane)) == 1


async def test_counts_are_of_all_lanes(broker: Broker) -> None:
    await accept(broker, notification(), notification(delay=10), push(priority=9), push(delay=10))
    await accept(broker, webhook(), webhook(delay=10))
    await lease(broker, Lane.PUSH)
    stats = await counted(broker)
    assert (stats.waiting, stats.ready, stats.scheduled, stats.leased) == (6, 2, 3, 1)
    assert stats.by_priority == {5: 5, 9: 1}


async def test_what_waits_is_listed_in_one_order(broker: Broker) -> None:
    made = [
        notification(delay=10),
        push(delay=5),
        notification(priority=2),
        push(priority=7),
        notification(),
        webhook(),
    ]
    await accept(broker, *made)
    listed = [receipt.id for receipt in await broker.queue.waiting(limit=9)]
    assert listed == [made[place].id for place in (3, 4, 5, 2, 1, 0)]
    assert [receipt.id for receipt in await broker.queue.waiting(limit=2)] == listed[:2]


async def test_pushes_are_cancelled_and_cleared_like_any_other(broker: Broker) -> None:
    first, _ = await accept(broker, push(), push(delay=10))
    assert await broker.queue.cancel(None, first, now=T0) is not None
    assert await broker.queue.clear(None, now=T0) == 1
    assert (await counted(broker)).waiting == 0


async def test_a_push_has_a_receipt_that_tells_why_it_was_given_up(broker: Broker) -> None:
    (one,) = await accept(broker, push())
    (held,) = await lease(broker, Lane.PUSH)
    await broker.queue.settle([Outcome(held, State.DEAD, reason="refused for good")], now=T0)
    receipt = await broker.receipts.find(None, one)
    assert receipt is not None
    assert (receipt.state, receipt.reason, receipt.users) == (State.DEAD, "refused for good", ())


@pytest.mark.parametrize("first", ["push", "live"])
async def test_a_push_on_its_way_does_not_hold_up_what_is_live(broker: Broker, first: str) -> None:
    made = [push(), notification()] if first == "push" else [notification(), push()]
    await accept(broker, made[0])
    await lease(broker, Lane.PUSH)
    with trio.move_on_after(0):
        await broker.queue.wait_for_work()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.queue.wait_for_work)
        await trio.testing.wait_all_tasks_blocked()
        await accept(broker, made[1])
        nursery.cancel_scope.cancel()
    assert len(await dispatch(broker)) == 1
    assert await publish(broker, push()) == []


async def test_a_webhook_has_no_place_in_a_stream(broker: Broker) -> None:
    async with trio.open_nursery() as nursery:
        # whoever waits for the very next one gets it stamped on arrival
        nursery.start_soon(broker.queue.wait_for_work)
        await trio.testing.wait_all_tasks_blocked()
        await accept(broker, webhook(), notification())
        nursery.cancel_scope.cancel()
    assert len(await dispatch(broker)) == 1
    await broker.refresh()
    assert broker.history.usage()[:2] == (1, 1)


async def test_what_waits_in_one_lane_can_be_listed_and_counted(broker: Broker) -> None:
    made = [notification(), push(), push(delay=10), push(priority=9)]
    await accept(broker, *made)
    await lease(broker, Lane.LIVE)
    (held,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0, lane=Lane.PUSH)
    assert [receipt.id for receipt in await broker.queue.waiting(limit=9, lane=Lane.PUSH)] == [made[1].id, made[2].id]
    assert await broker.queue.waiting(limit=9, lane=Lane.LIVE) == []
    await broker.refresh()
    assert [broker.queue.size(lane) for lane in (Lane.LIVE, Lane.PUSH, Lane.WEBHOOK)] == [1, 3, 0]
    await broker.queue.settle([Outcome(held, State.DISPATCHED)], now=T0)
    await broker.refresh()
    assert broker.queue.size(Lane.PUSH) == 2
