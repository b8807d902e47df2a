"""What every inbox engine promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, NotificationId, UserId
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.model.receipt import InboxState
from notifyd.store.options import BrokerLimits, InboxLimits
from notifyd.store.ports import Outcome
from tests.store.samples import HOUR, T0, accept, dispatch, for_users, notification, offsets, publish, push_of

if TYPE_CHECKING:
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import UserReceipt
    from notifyd.store.history_ports import History
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker

OTHER = ClientId("other")
ANNA, BERT, CORA = UserId("anna"), UserId("bert"), UserId("cora")


async def opened(open_engine: OpenBroker, **limits: float) -> Broker:
    """A broker with the inboxes of all that the tests name at hand."""
    broker = await open_engine(BrokerLimits(inbox=InboxLimits(**limits)))  # type: ignore[arg-type]
    for client_id in (DEFAULT_CLIENT, OTHER):
        for user_id in (ANNA, BERT, CORA):
            attendance = broker.inbox.attend(client_id, user_id)
            if attendance is not None:
                await attendance.wait()
    return broker


@pytest.fixture
async def broker(open_engine: OpenBroker) -> Broker:
    return await opened(open_engine)


def at(broker: Broker, offset: int, user: UserId = ANNA) -> StreamPosition:
    return StreamPosition(broker.inbox.position(DEFAULT_CLIENT, user).epoch, offset)


def since(broker: Broker, offset: int | None = None, user: UserId = ANNA, *, now: int = T0) -> History:
    position = None if offset is None else at(broker, offset, user)
    return broker.inbox.since(DEFAULT_CLIENT, user, position, now=now)


def places(publications: list[Publication]) -> list[tuple[str, int]]:
    return [(p.user_id, p.inbox.offset if p.inbox else 0) for p in publications]


async def rows(broker: Broker, notification_id: NotificationId) -> tuple[UserReceipt, ...]:
    receipt = await broker.receipts.find(None, notification_id)
    assert receipt is not None
    return receipt.users


async def states(broker: Broker, *published: Publication) -> list[InboxState]:
    """What became of notifications to one user each."""
    return [(await rows(broker, p.notification.id))[0].state for p in published]


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


async def test_the_oldest_of_a_user_go_when_there_are_too_many(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_notifications=2)
    published = await publish(broker, for_users(ANNA))
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 1), now=T0)
    published += await publish(broker, *[for_users(ANNA) for _ in range(3)])
    assert since(broker).publications == published[2:]
    delivered, evicted, stored = InboxState.DELIVERED, InboxState.EVICTED, InboxState.STORED
    assert await states(broker, *published) == [delivered, evicted, stored, stored]
    broker.inbox.advance(DEFAULT_CLIENT, ANNA, at(broker, 4), now=T0)
    assert await states(broker, *published) == [delivered, evicted, delivered, delivered]
    assert not since(broker, 1).recovered
    assert since(broker, 2).recovered


async def test_the_oldest_of_a_user_go_when_there_are_too_many_bytes(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_user_bytes=700)
    published = await publish(broker, *[for_users(ANNA, BERT) for _ in range(4)])
    await broker.refresh()
    assert broker.inbox.usage()[:2] == (2, 6)
    (huge,) = await publish(broker, for_users(ANNA, data=b'"' + b"x" * 800 + b'"'))
    # one alone is kept, however big it is
    assert since(broker).publications == [huge]
    assert since(broker, user=BERT).publications == published[3::2]


async def test_the_oldest_of_all_go_when_there_are_too_many_bytes(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_bytes=700)
    for number, user in enumerate((ANNA, BERT, BERT, ANNA)):
        await publish(broker, for_users(user, at=T0 + number), now=T0 + number)
    kept = {info.user_id: (info.notifications, info.undelivered) for info in await broker.inbox.inboxes()}
    assert kept == {ANNA: (1, 1), BERT: (2, 2)}


async def test_what_is_over_age_goes(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_age_seconds=60)
    published = await publish(broker, for_users(ANNA))
    published += await publish(broker, for_users(ANNA, at=T0 + 30_000), now=T0 + 30_000)
    assert await broker.inbox.trim(now=T0 + 59_999) == 0
    assert await broker.inbox.trim(now=T0 + 60_000) == 1
    assert await states(broker, *published) == [InboxState.EVICTED, InboxState.STORED]
    assert broker.inbox.position(DEFAULT_CLIENT, ANNA).offset == 2


async def test_a_forgotten_user_comes_back_in_another_epoch(open_engine: OpenBroker) -> None:
    broker = await opened(open_engine, max_users=2)
    published = await publish(broker, *[for_users(user) for user in (ANNA, ANNA, BERT, CORA)])
    await broker.refresh()
    assert broker.inbox.usage()[:2] == (2, 2)
    assert await states(broker, *published[:2]) == [InboxState.EVICTED] * 2
    (again,) = await publish(broker, for_users(ANNA))
    assert again.inbox is not None
    assert published[0].inbox is not None
    assert (again.inbox.offset, again.inbox.epoch != published[0].inbox.epoch) == (1, True)
    assert broker.inbox.since(DEFAULT_CLIENT, ANNA, published[0].inbox, now=T0).publications == [again]


async def test_nothing_is_told_of_a_user_that_was_removed(broker: Broker) -> None:
    published = await publish(broker, for_users(ANNA, BERT), for_users(ANNA, client=OTHER))
    assert await broker.inbox.forget(DEFAULT_CLIENT, ANNA) == 1
    assert await broker.inbox.forget(DEFAULT_CLIENT, ANNA) == 0
    assert [row.user_id for row in await rows(broker, published[0].notification.id)] == [BERT]
    await broker.refresh()
    assert broker.inbox.usage()[:2] == (2, 2)
    (again,) = await publish(broker, for_users(ANNA))
    assert again.inbox is not None
    assert published[0].inbox is not None
    assert (again.inbox.offset, again.inbox.epoch != published[0].inbox.epoch) == (1, True)


async def test_a_client_is_removed_with_all_its_users(broker: Broker) -> None:
    await publish(broker, for_users(ANNA, BERT), for_users(ANNA, client=OTHER))
    assert await broker.inbox.forget(DEFAULT_CLIENT) == 2
    assert [info.client_id for info in await broker.inbox.inboxes()] == [OTHER]


async def test_a_user_that_is_removed_amid_a_dispatch_gets_nothing(broker: Broker) -> None:
    await publish(broker, for_users(ANNA))
    await accept(broker, for_users(ANNA, BERT))
    held = await broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.history.append(held, now=T0)
    await broker.inbox.forget(DEFAULT_CLIENT, ANNA)
    assert places(await broker.history.append(held, now=T0)) == [(BERT, 1)]
    await broker.queue.settle([Outcome(held[0], State.DISPATCHED, by_user={ANNA: 1, BERT: 1})], now=T0)
    assert [row.user_id for row in await rows(broker, held[0].notification.id)] == [BERT]


async def test_inboxes_are_listed_by_user(broker: Broker) -> None:
    await publish(broker, for_users(BERT, ANNA), for_users(BERT), for_users(ANNA, client=OTHER))
    broker.inbox.advance(DEFAULT_CLIENT, BERT, at(broker, 1, BERT), now=T0)
    assert [info.user_id for info in await broker.inbox.inboxes(DEFAULT_CLIENT)] == [ANNA, BERT]
    assert [info.client_id for info in await broker.inbox.inboxes(prefix="an")] == [DEFAULT_CLIENT, OTHER]
    assert len(await broker.inbox.inboxes(limit=2)) == 2
    (info,) = await broker.inbox.inboxes(prefix="bert")
    assert (info.position, info.cursor, info.notifications) == (at(broker, 2, BERT), 1, 2)
    assert (info.undelivered, info.last_at) == (1, T0)


async def test_tighter_bounds_take_hold_at_once(broker: Broker) -> None:
    await publish(broker, *[for_users(ANNA) for _ in range(5)])
    broker.configure(BrokerLimits(inbox=InboxLimits(max_notifications=2, max_age_seconds=60)))
    await broker.refresh()
    assert broker.inbox.usage()[1] == 2
    assert await broker.inbox.trim(now=T0 + 60_000) == 2


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
