"""What leaves an inbox: over a bound, or with its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.receipt import InboxState
from notifyd.store.options import BrokerLimits, InboxLimits
from notifyd.store.ports import Outcome
from tests.contract.inboxes import ANNA, BERT, CORA, OTHER, at, opened, places, rows, since, states
from tests.store.samples import T0, accept, for_users, publish

if TYPE_CHECKING:
    from notifyd.store.ports import Broker
    from tests.contract.conftest import OpenBroker


@pytest.fixture
async def broker(open_engine: OpenBroker) -> Broker:
    return await opened(open_engine)


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


async def test_tighter_bounds_take_hold_at_once(broker: Broker) -> None:
    await publish(broker, *[for_users(ANNA) for _ in range(5)])
    broker.configure(BrokerLimits(inbox=InboxLimits(max_notifications=2, max_age_seconds=60)))
    await broker.refresh()
    assert broker.inbox.usage()[1] == 2
    assert await broker.inbox.trim(now=T0 + 60_000) == 2
