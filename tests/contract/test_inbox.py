"""What every inbox engine promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState
from notifyd.store.ports import Outcome
from tests.contract.inboxes import ANNA, BERT, CORA, OTHER, at, opened, places, rows, since, states
from tests.store.samples import HOUR, T0, accept, dispatch, for_users, notification, offsets, publish, push_of

if TYPE_CHECKING:
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker


@pytest.fixture
async def broker(open_engine: OpenBroker) -> Broker:
    return await opened(open_engine)


async def test_one_for_users_comes_back_for_each(broker: Broker) -> None:
    published = await publish(broker, for_users(ANNA, BERT), for_users(BERT, CORA))
    assert places(published) == [(ANNA, 1), (BERT, 1), (BERT, 2), (CORA, 1)]
    assert offsets(published) == [1, 1, 2, 2]
    assert published[0].position == at(broker, 1)


async def test_named_connections_get_one_of_their_own(broker: Broker) -> None:
    published = await publish(broker, notification(), for_users(ANNA, connections=["c1"]), notification())
    assert places(published) == [("", 0), (ANNA, 1), ("", 0), ("", 0)]
    assert published[2].position is None
    assert published[2].notification is published[1].notification


async def test_a_placed_one_keeps_its_places(broker: Broker) -> None:
    await accept(broker, for_users(ANNA, BERT))
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    first = await broker.history.append(held, now=T0)
    broker.queue.release(held, due_at=T0)
    assert await dispatch(broker) == first
    assert at(broker, 1) == broker.inbox.position(DEFAULT_CLIENT, ANNA)


async def test_what_left_the_queue_meanwhile_keeps_its_places(broker: Broker) -> None:
    await accept(broker, for_users(ANNA))
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    first = await broker.history.append(held, now=T0)
    await broker.queue.settle([Outcome(held[0], State.DISPATCHED)], now=T0)
    again = await broker.history.append(held, now=T0)
    assert places(again) == places(first)


async def test_an_inbox_is_read_from_its_cursor(broker: Broker) -> None:
    published = await publish(broker, *[for_users(ANNA) for _ in range(4)])
    assert since(broker).publications == published
    assert broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 3), now=T0) == 3
    assert since(broker).publications == published[3:]
    assert (since(broker).recovered, since(broker).position) == (True, at(broker, 4))


async def test_an_inbox_is_read_from_any_position_that_is_kept(broker: Broker) -> None:
    published = await publish(broker, *[for_users(ANNA) for _ in range(4)])
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 4), now=T0)
    assert since(broker, 1).publications == published[1:]
    assert since(broker, 4).publications == []
    assert since(broker, 4).recovered


@pytest.mark.parametrize("offset", [5, -1])
async def test_a_position_that_cannot_be_continued_gives_what_has_not_arrived(broker: Broker, offset: int) -> None:
    published = await publish(broker, *[for_users(ANNA) for _ in range(4)])
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 2), now=T0)
    foreign = broker.inbox.since(DEFAULT_CLIENT, ANNA, StreamPosition("elsewhere", 3), now=T0)
    for history in (since(broker, offset), foreign):
        assert (history.recovered, history.publications) == (False, published[2:])


async def test_an_unknown_user_is_at_the_beginning(broker: Broker) -> None:
    position = broker.inbox.position(DEFAULT_CLIENT, ANNA)
    assert position.offset == 0
    assert (since(broker).publications, since(broker).recovered, since(broker, 0).recovered) == ([], True, True)
    assert not since(broker, 1).recovered
    assert broker.inbox.advance(DEFAULT_CLIENT, ANNA, position, now=T0) == 0
    published = await publish(broker, for_users(ANNA))
    assert broker.inbox.since(DEFAULT_CLIENT, ANNA, position, now=T0).publications == published


async def test_users_of_two_clients_are_two(broker: Broker) -> None:
    published = await publish(broker, for_users(ANNA), for_users(ANNA, client=OTHER))
    assert places(published) == [(ANNA, 1), (ANNA, 1)]
    assert broker.inbox.since(OTHER, ANNA, now=T0).publications == published[1:]


async def test_the_cursor_never_moves_back_nor_beyond_the_end(broker: Broker) -> None:
    await publish(broker, *[for_users(ANNA) for _ in range(3)])
    advance = broker.inbox.advance
    assert advance(DEFAULT_CLIENT, ANNA, at(broker, 4), now=T0) == 0
    assert advance(DEFAULT_CLIENT, ANNA, StreamPosition("elsewhere", 3), now=T0) == 0
    assert [advance(DEFAULT_CLIENT, ANNA, at(broker, offset), now=T0) for offset in (2, 2, 1, 3)] == [2, 0, 0, 1]
    (info,) = await broker.inbox.inboxes()
    assert (info.cursor, info.undelivered) == (3, 0)


async def test_expired_ones_are_left_out_and_counted(broker: Broker) -> None:
    published = await publish(broker, for_users(ANNA, ttl=1000), for_users(ANNA), for_users(ANNA, ttl=1000))
    for history in (since(broker, now=T0 + 1000), since(broker, 0, now=T0 + 1000)):
        assert (history.publications, history.skipped, history.recovered) == (published[1:2], 2, True)


async def test_what_was_given_up_is_left_out(broker: Broker) -> None:
    await accept(broker, for_users(ANNA))
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.history.append(held, now=T0)
    await broker.queue.settle([Outcome(held[0], State.DEAD, reason="a fault")], now=T0)
    (last,) = await publish(broker, for_users(ANNA))
    assert (since(broker).publications, since(broker).skipped) == ([last], 1)
    receipt = await broker.receipts.find(None, held[0].notification.id)
    assert receipt is not None
    assert (receipt.state, receipt.reason) == (State.DEAD, "a fault")


async def test_what_no_connection_acked_is_left_out_and_does_not_arrive(broker: Broker) -> None:
    (first, second) = await publish(broker, for_users(ANNA), for_users(ANNA))
    assert broker.inbox.give_up(DEFAULT_CLIENT, ANNA, at(broker, 1))
    assert not broker.inbox.give_up(DEFAULT_CLIENT, ANNA, at(broker, 1))
    assert [offset for _, offset in places(since(broker).publications)] == [2]
    assert broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 2), now=T0) == 1
    assert await states(broker, first, second) == [InboxState.DEAD, InboxState.DELIVERED]
    assert broker.inbox.arrived_late(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    assert not broker.inbox.arrived_late(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    assert await states(broker, first) == [InboxState.DELIVERED]


async def test_what_is_kept_is_found(broker: Broker) -> None:
    first, second = for_users(ANNA), for_users(ANNA, BERT)
    await publish(broker, first, second)
    assert broker.inbox.find(DEFAULT_CLIENT, ANNA, second.id) == at(broker, 2)
    assert broker.inbox.find(DEFAULT_CLIENT, BERT, second.id) == at(broker, 1, BERT)
    assert broker.inbox.find(DEFAULT_CLIENT, BERT, first.id) is None
    assert broker.inbox.find(OTHER, ANNA, first.id) is None


async def test_a_receipt_tells_what_became_of_it_for_each_user(broker: Broker) -> None:
    one = for_users(ANNA, BERT)
    await accept(broker, one)
    assert await rows(broker, one.id) == ()
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.history.append(held, now=T0)
    assert [row.state for row in await rows(broker, one.id)] == [InboxState.STORED] * 2
    await broker.queue.settle([Outcome(held[0], State.DISPATCHED, by_user={ANNA: 2})], now=T0)
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    receipt = await broker.receipts.find(None, one.id)
    assert receipt is not None
    assert (receipt.state, receipt.delivered, receipt.epoch, receipt.offset) == (State.DISPATCHED, 2, "", 0)
    found = [(row.user_id, row.state, row.offset, row.connections) for row in receipt.users]
    assert found == [(ANNA, InboxState.DELIVERED, 1, 2), (BERT, InboxState.STORED, 1, 0)]


async def test_what_expired_before_it_arrived_is_told(broker: Broker) -> None:
    # the clock of these brokers stands at T0
    published = await publish(broker, *[for_users(ANNA, at=T0 - 1000, ttl=t) for t in (1000, 2000)], now=T0 - 1000)
    assert await states(broker, *published) == [InboxState.EXPIRED, InboxState.STORED]
    assert broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 2), now=T0) == 1
    assert await states(broker, *published) == [InboxState.EXPIRED, InboxState.DELIVERED]


async def test_inboxes_are_listed_by_user(broker: Broker) -> None:
    await publish(broker, for_users(BERT, ANNA), for_users(BERT), for_users(ANNA, client=OTHER))
    broker.inbox.advance(DEFAULT_CLIENT, BERT, at(broker, 1, BERT), now=T0)
    assert [info.user_id for info in await broker.inbox.inboxes(DEFAULT_CLIENT)] == [ANNA, BERT]
    assert [info.client_id for info in await broker.inbox.inboxes(prefix="an")] == [DEFAULT_CLIENT, OTHER]
    assert len(await broker.inbox.inboxes(limit=2)) == 2
    (info,) = await broker.inbox.inboxes(prefix="bert")
    assert (info.position, info.cursor, info.notifications) == (at(broker, 2, BERT), 1, 2)
    assert (info.undelivered, info.last_at) == (1, T0)


async def test_what_the_push_provider_said_adds_up(broker: Broker) -> None:
    one = for_users(ANNA, BERT)
    await publish(broker, one)
    broker.inbox.pushed(push_of(one, BERT), pushed=1, failed=1, reason="gone")
    broker.inbox.pushed(push_of(one, BERT), pushed=2, failed=0, reason="")
    broker.inbox.pushed(push_of(one, CORA), pushed=2, failed=0, reason="")
    first, second = await rows(broker, one.id)
    assert (first.pushed, first.failed, first.reason) == (0, 0, "")
    assert (second.pushed, second.failed, second.reason) == (3, 1, "gone")


async def test_what_is_pushed_late_is_told_too(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_notifications=1)
    one = for_users(ANNA)
    await publish(broker, one, for_users(ANNA))
    broker.inbox.pushed(push_of(one, ANNA), pushed=1, failed=0, reason="")
    (row,) = await rows(broker, one.id)
    assert (row.state, row.pushed) == (InboxState.EVICTED, 1)


async def test_a_page_of_an_inbox_holds_the_first_after_the_cursor(broker: Broker) -> None:
    published = await publish(broker, *[for_users(ANNA) for _ in range(5)])
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    page = broker.inbox.since(DEFAULT_CLIENT, ANNA, now=T0, limit=2)
    assert (page.publications, page.position) == (published[1:3], at(broker, 5))
    assert broker.inbox.since(DEFAULT_CLIENT, ANNA, at(broker, 3), now=T0, limit=9).publications == published[3:]


async def test_a_page_of_an_inbox_leaves_out_what_expired(broker: Broker) -> None:
    ttls = [500, 500, HOUR, 500, HOUR, 500]
    published = await publish(broker, *[for_users(ANNA, ttl=ttl) for ttl in ttls])
    page = broker.inbox.since(DEFAULT_CLIENT, ANNA, now=T0 + 500, limit=2)
    assert (page.publications, page.skipped) == ([published[2], published[4]], 3)
    assert broker.inbox.since(DEFAULT_CLIENT, ANNA, now=T0 + 500, limit=3).skipped == 4


async def test_a_page_from_where_nothing_is_kept_begins_at_the_oldest(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_notifications=3)
    published = await publish(broker, *[for_users(ANNA) for _ in range(5)])
    page = broker.inbox.since(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0, limit=2)
    assert (page.recovered, page.publications) == (False, published[2:4])


async def test_there_is_nothing_to_wait_for_where_no_cursor_moved(broker: Broker) -> None:
    assert broker.inbox.written().done()
    await publish(broker, for_users(ANNA))
    assert broker.inbox.written().done()


async def test_a_moved_cursor_is_written_on_demand(broker: Broker) -> None:
    await publish(broker, for_users(ANNA))
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    moved = broker.inbox.written()
    assert moved.done() == (broker.durability == "memory")
    await moved.wait()
    assert moved.done()
    assert broker.inbox.written().done()


async def test_who_asks_while_a_cursor_is_being_written_waits_for_it(broker: Broker) -> None:
    await publish(broker, for_users(ANNA), for_users(BERT))
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    first = broker.inbox.written()
    broker.inbox.advance(DEFAULT_CLIENT, BERT, at(broker, 1, BERT), now=T0)
    both = broker.inbox.written()
    await both.wait()
    assert first.done()
    assert broker.inbox.written().done()


async def test_one_that_was_given_up_stays_so_when_it_goes(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_notifications=1)
    first = await publish(broker, for_users(ANNA))
    assert broker.inbox.give_up(DEFAULT_CLIENT, ANNA, at(broker, 1))
    await publish(broker, for_users(ANNA))
    assert await states(broker, *first) == [InboxState.DEAD]


async def test_one_that_arrived_late_counts_once(broker: Broker) -> None:
    await publish(broker, for_users(ANNA), for_users(ANNA))
    broker.inbox.give_up(DEFAULT_CLIENT, ANNA, at(broker, 1))
    assert broker.inbox.arrived_late(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    assert broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 2), now=T0) == 1
    assert not broker.inbox.arrived_late(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
