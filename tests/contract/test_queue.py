"""What every queue engine promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import Conflict, IdempotencyMismatch, Invalid, QueueFull
from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, State
from notifyd.store.options import BrokerLimits, QueueLimits
from notifyd.store.ports import Accepted, Broker, Lease, Outcome
from tests.store.samples import HOUR, T0, accept, counted, dispatch, idempotency, notification

if TYPE_CHECKING:
    from notifyd.store.ports import IdempotencyKey
    from tests.contract.conftest import OpenBroker

OTHER = ClientId("other")


async def lease(broker: Broker, *, limit: int = 100, seconds: float = 30, now: int = T0) -> list[Lease]:
    return await broker.queue.lease(limit=limit, lease_seconds=seconds, now=now)


def ids(leases: list[Lease]) -> list[NotificationId]:
    return [item.notification.id for item in leases]


async def test_a_pending_answers_the_id_when_it_is_kept(broker: Broker) -> None:
    one = notification()
    (pending,) = broker.queue.enqueue([one], now=T0)
    accepted = await pending.result()
    assert (accepted.id, accepted.duplicate, pending.done()) == (one.id, False, True)


async def test_nothing_is_leased_before_it_is_kept(broker: Broker) -> None:
    (pending,) = broker.queue.enqueue([notification()], now=T0)
    leased = await lease(broker)
    assert pending.done() or not leased


async def test_equal_urgency_is_first_in_first_out(broker: Broker) -> None:
    accepted = [(await accept(broker, notification()))[0] for _ in range(5)]
    assert ids(await lease(broker)) == accepted


async def test_the_smallest_order_key_goes_first(broker: Broker) -> None:
    low, high, middle = notification(priority=1), notification(priority=9), notification(priority=5)
    await accept(broker, low, high, middle)
    assert ids(await lease(broker)) == [high.id, middle.id, low.id]


async def test_what_waited_long_enough_is_not_overtaken(broker: Broker) -> None:
    old = notification(priority=1, at=T0 - 10 * 60_000)
    await accept(broker, notification(priority=10), old)
    assert ids(await lease(broker, limit=1)) == [old.id]


async def test_a_lease_is_exclusive(broker: Broker) -> None:
    await accept(broker, notification(), notification(), notification())
    first, second = await lease(broker, limit=2), await lease(broker, limit=2)
    assert len(first) == 2
    assert len(second) == 1
    assert not set(ids(first)) & set(ids(second))


async def test_a_lease_that_ran_out_is_given_to_another(broker: Broker) -> None:
    accepted = await accept(broker, notification())
    await lease(broker, seconds=10)
    assert await lease(broker, now=T0 + 9_999) == []
    assert ids(await lease(broker, now=T0 + 10_000)) == accepted


async def test_a_settle_after_the_lease_ran_out_is_refused(broker: Broker) -> None:
    await accept(broker, notification())
    (late,) = await lease(broker, seconds=10)
    await broker.queue.settle([Outcome(late, State.DISPATCHED)], now=T0 + 10_000)
    assert (await counted(broker, now=T0 + 10_000)).waiting == 1


async def test_a_settle_with_the_token_of_an_older_lease_is_refused(broker: Broker) -> None:
    await accept(broker, notification())
    (old,) = await lease(broker, seconds=10)
    (new,) = await lease(broker, now=T0 + 10_000)
    await broker.queue.settle([Outcome(old, State.DISPATCHED)], now=T0 + 10_001)
    assert (await counted(broker, now=T0 + 10_001)).leased == 1
    await broker.queue.settle([Outcome(new, State.DISPATCHED)], now=T0 + 10_001)
    assert (await counted(broker, now=T0 + 10_001)).waiting == 0


async def test_what_gets_its_place_after_its_lease_ran_out_goes_first(broker: Broker) -> None:
    one, other = await accept(broker, notification(), notification())
    _, late = await lease(broker)
    assert (await counted(broker, now=T0 + 30_000)).ready == 2
    await broker.history.append([late], now=T0 + 30_000)
    assert ids(await lease(broker, now=T0 + 30_000)) == [other, one]


async def test_what_was_settled_is_never_leased_again(broker: Broker) -> None:
    await accept(broker, notification())
    await dispatch(broker)
    assert await lease(broker, now=T0 + HOUR) == []


async def test_a_release_counts_an_attempt_and_waits(broker: Broker) -> None:
    await accept(broker, notification())
    broker.queue.release(await lease(broker), due_at=T0 + 500)
    assert await lease(broker, now=T0 + 499) == []
    assert broker.queue.next_due_at(now=T0) == T0 + 500
    assert [item.attempts for item in await lease(broker, now=T0 + 500)] == [1]


async def test_each_lease_runs_out_on_its_own(broker: Broker) -> None:
    await accept(broker, notification(), notification())
    early = await lease(broker, seconds=10)
    broker.queue.release(early[:1], due_at=T0 + 1)
    again = await lease(broker, seconds=60, now=T0 + 1)
    assert ids(await lease(broker, now=T0 + 10_000)) == ids(early[1:])
    assert (await counted(broker, now=T0 + 10_000)).leased == 2
    await broker.queue.settle([Outcome(again[0], State.DISPATCHED)], now=T0 + 10_001)
    assert (await counted(broker, now=T0 + 10_001)).waiting == 1


async def test_what_was_stamped_goes_before_what_is_more_urgent(broker: Broker) -> None:
    stamped = await accept(broker, notification(priority=1))
    held = await lease(broker)
    await broker.history.append(held, now=T0)
    broker.queue.release(held, due_at=T0)
    urgent = await accept(broker, notification(priority=10))
    assert ids(await lease(broker)) == stamped + urgent


async def test_one_that_expires_before_it_is_due_comes_up_to_be_counted(broker: Broker) -> None:
    await accept(broker, notification(ttl=5000))
    broker.queue.release(await lease(broker), due_at=T0 + 60_000)
    assert broker.queue.next_due_at(now=T0) == T0 + 5000
    assert len(await lease(broker, now=T0 + 5000)) == 1


async def test_a_release_of_a_lost_lease_does_nothing(broker: Broker) -> None:
    await accept(broker, notification())
    old = await lease(broker, seconds=1)
    (new,) = await lease(broker, now=T0 + 1000)
    broker.queue.release(old, due_at=T0)
    assert new.attempts == 0
    assert (await counted(broker, now=T0 + 1000)).leased == 1


async def test_a_scheduled_one_waits_for_its_time(broker: Broker) -> None:
    later = notification(delay=1000, priority=10)
    now = notification()
    await accept(broker, later, now)
    assert ids(await lease(broker)) == [now.id]
    assert ids(await lease(broker, now=T0 + 1000)) == [later.id]


async def test_an_expired_one_is_handed_out_to_be_counted(broker: Broker) -> None:
    await accept(broker, notification(ttl=1000))
    (dead,) = await lease(broker, now=T0 + 5000)
    assert dead.notification.expired(T0 + 5000)


async def test_next_due_at_names_the_next_moment_with_work(broker: Broker) -> None:
    assert broker.queue.next_due_at(now=T0) is None
    await accept(broker, notification(delay=700))
    assert broker.queue.next_due_at(now=T0) == T0 + 700
    await accept(broker, notification())
    assert broker.queue.next_due_at(now=T0) == T0
    await lease(broker, seconds=0.2)
    assert broker.queue.next_due_at(now=T0) == T0 + 200


async def test_the_doorbell_rings_for_an_enqueue_a_release_and_a_resume(broker: Broker) -> None:
    await accept(broker, notification())
    await broker.queue.wait_for_work()
    broker.queue.release(await lease(broker), due_at=T0)
    await broker.queue.wait_for_work()
    await broker.queue.pause()
    await broker.queue.resume()
    await broker.queue.wait_for_work()
    with trio.move_on_after(0) as scope:
        await broker.queue.wait_for_work()
    assert scope.cancelled_caught


async def test_a_full_queue_takes_all_or_none(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(queue=QueueLimits(max_size=3)))
    pending = broker.queue.enqueue([notification(), notification()], now=T0)
    # what is on its way counts
    with pytest.raises(QueueFull) as refused:
        broker.queue.enqueue([notification(), notification()], now=T0)
    assert refused.value.retry_after_seconds
    for item in pending:
        await item.result()
    assert (await counted(broker)).waiting == 2
    await accept(broker, notification())


async def test_a_queue_is_full_in_bytes_too(open_engine: OpenBroker) -> None:
    one = notification(data=b"1" * 1000)
    broker = await open_engine(BrokerLimits(queue=QueueLimits(max_bytes=2 * one.size())))
    await accept(broker, one, notification(data=b"1" * 1000))
    with pytest.raises(QueueFull):
        broker.queue.enqueue([notification(data=b"1")], now=T0)


async def test_settling_makes_room(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(queue=QueueLimits(max_size=1)))
    for _ in range(3):
        await accept(broker, notification())
        await dispatch(broker)
    assert (await counted(broker)).waiting_bytes == 0


async def test_the_same_idempotency_key_answers_the_first_id(broker: Broker) -> None:
    first = notification()
    broker.queue.enqueue([first], now=T0, idempotency=idempotency())
    # at once, while the first is on its way
    (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    accepted = await pending.result()
    assert (accepted.id, accepted.duplicate) == (first.id, True)
    await dispatch(broker)
    (later,) = broker.queue.enqueue([notification()], now=T0 + 1, idempotency=idempotency())
    assert (await later.result()).id == first.id
    assert (await counted(broker)).waiting == 0


async def test_what_is_known_under_an_idempotency_key_can_be_asked_for(broker: Broker) -> None:
    with pytest.raises(Late):
        await recalled(broker, idempotency())
    first = notification()
    await broker.queue.enqueue([first], now=T0, idempotency=idempotency())[0].result()
    assert await recalled(broker, idempotency()) == Accepted(first.id, duplicate=True)
    with pytest.raises(Late):
        await recalled(broker, idempotency(), now=T0 + HOUR)
    with pytest.raises(IdempotencyMismatch):
        await recalled(broker, idempotency(fingerprint="other"))


class Late(Invalid):
    """What is said where nothing is known."""


async def recalled(broker: Broker, key: IdempotencyKey, *, now: int = T0) -> Accepted:
    return await broker.queue.recall(key, Late("too late"), now=now).result()


async def test_an_idempotency_key_for_another_request_is_refused(broker: Broker) -> None:
    broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    with pytest.raises(IdempotencyMismatch):
        await broker.queue.enqueue([notification()], now=T0, idempotency=idempotency(fingerprint="other"))[0].result()


async def test_idempotency_keys_of_two_credentials_are_two(broker: Broker) -> None:
    broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency(credential="d"))
    assert not (await pending.result()).duplicate


async def test_an_idempotency_key_is_new_again_when_it_expired(broker: Broker) -> None:
    broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    again = idempotency(fingerprint="other", expires_at=T0 + 2 * HOUR)
    (pending,) = broker.queue.enqueue([notification()], now=T0 + HOUR, idempotency=again)
    assert not (await pending.result()).duplicate


async def test_an_idempotency_key_goes_with_one_notification(broker: Broker) -> None:
    with pytest.raises(Invalid):
        broker.queue.enqueue([notification(), notification()], now=T0, idempotency=idempotency())


async def test_a_duplicate_is_answered_though_the_queue_is_full(open_engine: OpenBroker) -> None:
    broker = await open_engine(BrokerLimits(queue=QueueLimits(max_size=1)))
    broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
    assert (await pending.result()).duplicate


async def test_a_waiting_one_can_be_cancelled(broker: Broker) -> None:
    (gone,) = await accept(broker, notification(delay=1000))
    receipt = await broker.queue.cancel(None, gone, now=T0 + 5)
    assert receipt is not None
    assert (receipt.state, receipt.settled_at) == (State.CANCELLED, T0 + 5)
    assert await lease(broker, now=T0 + 5000) == []
    assert (await counted(broker)).waiting == 0


async def test_what_is_leased_or_settled_cannot_be_cancelled(broker: Broker) -> None:
    (busy,) = await accept(broker, notification())
    held = await lease(broker)
    with pytest.raises(Conflict):
        await broker.queue.cancel(None, busy, now=T0)
    await broker.queue.settle([Outcome(held[0], State.DISPATCHED)], now=T0)
    with pytest.raises(Conflict):
        await broker.queue.cancel(None, busy, now=T0)


async def test_what_was_stamped_cannot_be_cancelled(broker: Broker) -> None:
    (stamped,) = await accept(broker, notification())
    held = await lease(broker)
    await broker.history.append(held, now=T0)
    broker.queue.release(held, due_at=T0 + 1000)
    with pytest.raises(Conflict):
        await broker.queue.cancel(None, stamped, now=T0)


async def test_a_duplicate_of_an_id_that_waits_is_refused(broker: Broker) -> None:
    one = notification(delay=1000)
    await accept(broker, one)
    with pytest.raises(Conflict):
        await broker.queue.enqueue([one], now=T0)[0].result()
    assert (await counted(broker)).waiting_bytes == one.size()


async def test_nobody_cancels_what_belongs_to_another(broker: Broker) -> None:
    (mine,) = await accept(broker, notification(delay=1000))
    assert await broker.queue.cancel(OTHER, mine, now=T0) is None
    assert await broker.queue.cancel(None, NotificationId("unknown"), now=T0) is None
    assert (await counted(broker)).scheduled == 1


async def test_clear_takes_one_clients_and_leaves_what_is_leased(broker: Broker) -> None:
    (busy,) = await accept(broker, notification(priority=10))
    held = await lease(broker)
    await accept(broker, notification(), notification(delay=1000), notification(client=OTHER))
    assert await broker.queue.clear(held[0].notification.client_id, now=T0) == 2
    assert await broker.queue.clear(None, now=T0) == 1
    assert (await counted(broker)).leased == 1
    receipt = await broker.receipts.find(None, busy)
    assert receipt is not None
    assert receipt.state is State.WAITING


async def test_a_paused_queue_takes_in_and_hands_out_nothing(broker: Broker) -> None:
    await broker.queue.pause()
    await accept(broker, notification())
    assert await lease(broker) == []
    assert broker.queue.next_due_at(now=T0) is None
    assert (await counted(broker)).paused
    await broker.queue.resume()
    assert len(await lease(broker)) == 1


async def test_stats_count_what_waits(broker: Broker) -> None:
    await accept(
        broker, notification(priority=9), notification(priority=9, at=T0 + 1), notification(delay=1000, at=T0 + 2)
    )
    await lease(broker, limit=1, now=T0 + 2)
    stats = await counted(broker, now=T0 + 2)
    assert (stats.waiting, stats.ready, stats.scheduled, stats.leased) == (3, 1, 1, 1)
    assert stats.by_priority == {9: 2, 5: 1}
    assert stats.oldest_accepted_at == T0
    assert stats.waiting_bytes == sum(notification().size() for _ in range(3))


async def test_waiting_lists_in_the_order_of_leasing(broker: Broker) -> None:
    late, low, high = notification(delay=9000, priority=10), notification(priority=1), notification(priority=9)
    await accept(broker, late, low, high, notification(client=OTHER))
    listed = await broker.queue.waiting(limit=3, client_id=high.client_id)
    assert [receipt.id for receipt in listed] == [high.id, low.id, late.id]
    assert [receipt.id for receipt in await broker.queue.waiting(limit=1)] == [high.id]


async def test_a_broadcast_is_dispatched_like_any_other(broker: Broker) -> None:
    await accept(broker, notification(kind=Kind.BROADCAST))
    (publication,) = await dispatch(broker)
    assert (publication.position, publication.offset) == (None, 1)
    assert await broker.history.channels() == []


async def test_other_bounds_count_from_the_moment_they_are_set(broker: Broker) -> None:
    broker.configure(BrokerLimits(queue=QueueLimits(max_size=1)))
    await accept(broker, notification())
    with pytest.raises(QueueFull):
        broker.queue.enqueue([notification()], now=T0)


async def test_who_has_many_asks_for_room_first(broker: Broker) -> None:
    broker.configure(BrokerLimits(queue=QueueLimits(max_size=2)))
    await accept(broker, notification())
    broker.queue.check_room(1)
    with pytest.raises(QueueFull, match="1 of 2 notifications"):
        broker.queue.check_room(2)


async def test_idempotency_keys_are_counted(broker: Broker) -> None:
    for _ in range(2):
        await broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())[0].result()
    await broker.refresh()
    assert broker.queue.idempotency_keys() == 1
