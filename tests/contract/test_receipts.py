"""What every receipt engine promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.options import BrokerLimits, InboxLimits, ReceiptLimits
from notifyd.store.ports import Broker, Outcome
from tests.store.samples import T0, accept, dispatch, for_users, notification, publish, push_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from notifyd.model.receipt import Receipt
    from tests.contract.conftest import OpenBroker


async def test_a_receipt_follows_its_notification(broker: Broker) -> None:
    one = notification()
    await accept(broker, one)
    waiting = await broker.receipts.find(None, one.id)
    assert waiting is not None
    assert (waiting.state, waiting.epoch, waiting.offset) == (State.WAITING, "", 0)
    assert (waiting.submitted_by, waiting.request_id) == (one.submitted_by, "request-1")
    (publication,) = await dispatch(broker, delivered=3, now=T0 + 7)
    done = await broker.receipts.find(one.client_id, one.id)
    assert done is not None
    assert (done.state, done.settled_at, done.delivered) == (State.DISPATCHED, T0 + 7, 3)
    assert (done.epoch, done.offset) == (publication.epoch, 1)


@pytest.mark.parametrize("state", [State.EXPIRED, State.DEAD, State.DISPATCHED])
async def test_a_receipt_tells_how_it_ended(broker: Broker, state: State) -> None:
    (one,) = await accept(broker, notification(kind=Kind.BROADCAST))
    (held,) = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.queue.settle([Outcome(held, state)], now=T0)
    receipt = await broker.receipts.find(None, one)
    assert receipt is not None
    assert (receipt.state, receipt.kind, receipt.offset) == (state, Kind.BROADCAST, 0)


async def test_failed_tries_are_told(broker: Broker) -> None:
    (one,) = await accept(broker, notification())
    broker.queue.release(await broker.queue.lease(limit=1, lease_seconds=30, now=T0), due_at=T0 + 9)
    receipt = await broker.receipts.find(None, one)
    assert receipt is not None
    assert (receipt.attempts, receipt.due_at) == (1, T0 + 9)


async def test_nobody_reads_a_receipt_of_another(broker: Broker) -> None:
    (waiting,) = await accept(broker, notification(delay=1000))
    (settled,) = await accept(broker, notification())
    await dispatch(broker)
    for known in (waiting, settled):
        assert await broker.receipts.find(ClientId("other"), known) is None
        assert await broker.receipts.find(None, known) is not None


async def test_an_unknown_id_has_no_receipt(broker: Broker) -> None:
    assert await broker.receipts.find(None, NotificationId("unknown")) is None


async def test_a_withdrawn_one_has_a_receipt(broker: Broker) -> None:
    first, second = await accept(broker, notification(), notification())
    await broker.queue.cancel(None, first, now=T0)
    await broker.queue.clear(None, now=T0)
    found = [await broker.receipts.find(None, known) for known in (first, second)]
    assert [receipt and receipt.state for receipt in found] == [State.CANCELLED, State.CLEARED]


def happenings(receipt: Receipt | None) -> list[Happening]:
    assert receipt is not None
    return [event.happening for event in receipt.timeline]


def event(at: int = T0, happening: Happening = Happening.ACKED, **details: Any) -> TimelineEvent:
    return TimelineEvent(at, happening, **details)


async def test_a_timeline_begins_with_the_acceptance(broker: Broker) -> None:
    one = notification()
    await accept(broker, one)
    waiting = await broker.receipts.find(None, one.id)
    assert waiting is not None
    assert waiting.timeline == (TimelineEvent(T0, Happening.ACCEPTED),)
    await dispatch(broker, now=T0 + 5)
    done = await broker.receipts.find(None, one.id)
    assert done is not None
    assert done.timeline == (*waiting.timeline, TimelineEvent(T0 + 5, Happening.DISPATCHED))


async def test_what_is_noted_is_told_in_its_time(broker: Broker) -> None:
    one = notification()
    await accept(broker, one)
    retried = event(T0 + 1, Happening.RETRIED, attempt=1, detail="fault")
    broker.receipts.note(one.id, retried)
    await dispatch(broker, now=T0 + 5)
    late, acked = event(T0 + 9, receiver="second"), event(T0 + 7, receiver="first", user_id=UserId("anna"), attempt=2)
    broker.receipts.note(one.id, late, acked=1)
    broker.receipts.note(one.id, acked, acked=2)
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert receipt.acked == 3
    assert receipt.timeline[1:2] + receipt.timeline[3:] == (retried, acked, late)


async def test_beyond_the_bound_of_one_only_acks_are_counted(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(receipts=ReceiptLimits(max_events=2)))
    one, other = notification(), notification()
    await accept(broker, one, other)
    for number in range(4):
        broker.receipts.note(one.id, event(T0 + number), acked=1)
    broker.receipts.note(other.id, event())
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert receipt.acked == 4
    assert [each.at for each in receipt.timeline] == [T0, T0, T0 + 1]
    assert len(happenings(await broker.receipts.find(None, other.id))) == 2


async def test_nothing_is_noted_where_there_is_no_receipt(broker: Broker) -> None:
    unknown = NotificationId("unknown")
    broker.receipts.note(unknown, event(), acked=1)
    assert await broker.receipts.find(None, unknown) is None
    (known,) = await accept(broker, notification())
    broker.receipts.note(known, event())
    await broker.refresh()
    assert broker.receipts.usage()[1] >= 1


async def test_usage_counts_what_was_settled(broker: Broker) -> None:
    await publish(broker, notification(), notification())
    await broker.refresh()
    assert broker.receipts.usage() == (2, 0)


async def test_arrivals_are_told_with_their_users(broker: Broker) -> None:
    one = for_users("anna", "ben")
    published = await publish(broker, one)
    assert published[1].inbox is not None
    broker.inbox.advance(one.client_id, UserId("ben"), published[1].inbox, now=T0 + 3)
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert receipt.timeline[-1] == TimelineEvent(T0 + 3, Happening.ARRIVED, UserId("ben"))
    assert receipt.arrived == 1


async def test_nothing_that_expired_before_it_was_given_has_arrived(broker: Broker) -> None:
    one = for_users("anna", ttl=10)
    (publication,) = await publish(broker, one)
    assert publication.inbox is not None
    broker.inbox.advance(one.client_id, UserId("anna"), publication.inbox, now=T0 + 10)
    assert Happening.ARRIVED not in happenings(await broker.receipts.find(None, one.id))


async def test_evictions_are_told(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(inbox=InboxLimits(max_notifications=1)))
    one = for_users("anna")
    await publish(broker, one)
    await publish(broker, for_users("anna"), now=T0 + 4)
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert receipt.timeline[-1] == TimelineEvent(T0 + 4, Happening.EVICTED, UserId("anna"))


async def test_pushes_are_told_with_their_users(broker: Broker) -> None:
    one = for_users("anna", "ben")
    await publish(broker, one)
    broker.inbox.pushed(push_of(one, "anna"), pushed=2, failed=0, reason="")
    broker.inbox.pushed(push_of(one, "ben"), pushed=0, failed=1, reason="refused")
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    told = [(each.happening, each.user_id, each.detail) for each in receipt.timeline[2:]]
    assert told == [(Happening.PUSHED, "anna", "2 devices"), (Happening.PUSH_FAILED, "ben", "refused")]


async def settle(broker: Broker, one: Notification) -> None:
    await dispatch(broker)


async def give_back(broker: Broker, one: Notification) -> None:
    broker.queue.release(await broker.queue.lease(limit=9, lease_seconds=30, now=T0), due_at=T0)


async def cancel(broker: Broker, one: Notification) -> None:
    await broker.queue.cancel(None, one.id, now=T0)


async def ack(broker: Broker, one: Notification) -> None:
    broker.receipts.note(one.id, event(), acked=1)


async def arrive(broker: Broker, one: Notification) -> None:
    (publication,) = await dispatch(broker)
    assert publication.inbox is not None
    broker.inbox.advance(one.client_id, UserId("anna"), publication.inbox, now=T0)


@pytest.mark.parametrize("change", [settle, give_back, cancel, ack, arrive])
async def test_whoever_waits_for_a_change_is_told(
    broker: Broker, change: Callable[[Broker, Notification], Awaitable[None]]
) -> None:
    one, other = for_users("anna"), notification(delay=1)
    await accept(broker, one, other)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.receipts.changed, one.id)
        nursery.start_soon(broker.receipts.changed, one.id)
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0) as patience:
            await broker.receipts.changed(other.id)
        assert patience.cancelled_caught
        await change(broker, one)


async def test_whoever_waits_for_an_arrival_is_told(broker: Broker) -> None:
    one = for_users("anna")
    (publication,) = await publish(broker, one)
    assert publication.inbox is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.receipts.changed, one.id)
        await trio.testing.wait_all_tasks_blocked()
        broker.inbox.advance(one.client_id, UserId("anna"), publication.inbox, now=T0)


async def test_notes_are_kept_as_long_as_their_receipt(open_engine: OpenBroker, engine: str) -> None:
    broker = await open_engine(BrokerLimits(receipts=ReceiptLimits(max_count=1)))
    one, other = notification(), notification()
    await publish(broker, one)
    broker.receipts.note(one.id, event(), acked=1)
    await publish(broker, other)
    if engine == "memory":
        assert await broker.receipts.find(None, one.id) is None
        assert broker.receipts.usage() == (1, 0)
    else:
        # until the journal is purged, it remembers more
        assert len(happenings(await broker.receipts.find(None, one.id))) == 3
