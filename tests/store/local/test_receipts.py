"""Receipts that memory has forgotten, of what memory still keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.receipt import InboxState
from notifyd.store.options import BrokerLimits, InboxLimits
from tests.store.samples import T0, for_users, publish, push_of

if TYPE_CHECKING:
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import UserReceipt
    from notifyd.store.local.broker import LocalBroker
    from tests.store.conftest import Start

ANNA = UserId("anna")
ONE = BrokerLimits(inbox=InboxLimits(max_notifications=1))


async def row(broker: LocalBroker, published: Publication) -> UserReceipt:
    broker._state.recent.max_count = 0
    broker._state.recent.trim(now=T0)
    receipt = await broker.receipts.find(DEFAULT_CLIENT, published.notification.id)
    assert receipt is not None
    return receipt.users[0]


async def test_what_is_kept_is_told_from_memory(start: Start) -> None:
    async with start() as broker:
        (published,) = await publish(broker, for_users(ANNA))
        assert (await row(broker, published)).state is InboxState.STORED
        broker.inbox.pushed(push_of(published.notification, ANNA), pushed=3, failed=0, reason="")
        assert published.inbox is not None
        broker.inbox.advance(DEFAULT_CLIENT, ANNA, published.inbox, now=T0)
        told = await row(broker, published)
        assert (told.state, told.pushed) == (InboxState.DELIVERED, 3)


async def test_what_went_a_moment_ago_is_told_before_it_is_written_down(start: Start) -> None:
    async with start(limits=ONE) as broker:
        (delivered,) = await publish(broker, for_users(ANNA))
        assert delivered.inbox is not None
        broker.inbox.advance(DEFAULT_CLIENT, ANNA, delivered.inbox, now=T0)
        (evicted,) = await publish(broker, for_users(ANNA))
        (expired,) = await publish(broker, for_users(ANNA, at=T0 - 9, ttl=9))
        await publish(broker, for_users(ANNA))
        found = [(await row(broker, published)).state for published in (delivered, evicted, expired)]
        assert found == [InboxState.DELIVERED, InboxState.EVICTED, InboxState.EXPIRED]
