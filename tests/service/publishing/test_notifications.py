from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Conflict, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.model.notification import State
from notifyd.service.publishing.notifications import Notifications

if TYPE_CHECKING:
    from tests.service.node import Node


@pytest.fixture
def notifications(node: Node) -> Notifications:
    return Notifications(node.broker.queue, node.broker.receipts, node.counters)


async def test_a_receipt_follows_its_notification(node: Node, notifications: Notifications) -> None:
    node.hub.subscribe(node.connect(), "news", offset=0)
    identifier = await node.publish()
    assert (await notifications.receipt(DEFAULT_CLIENT, identifier)).state is State.WAITING
    await node.dispatch()
    receipt = await notifications.receipt(None, identifier)
    assert (receipt.state, receipt.delivered, receipt.offset) == (State.DISPATCHED, 1, 1)


async def test_what_is_unknown_or_somebody_elses_is_not_found(node: Node, notifications: Notifications) -> None:
    identifier = await node.publish(delay_ms=60_000)
    for client_id, named in ((ClientId("other"), identifier), (None, "nothing"), (DEFAULT_CLIENT, "")):
        with pytest.raises(NotFound, match="no such notification"):
            await notifications.receipt(client_id, named)
        with pytest.raises(NotFound):
            await notifications.cancel(client_id, named)


async def test_what_waits_can_be_withdrawn_once(node: Node, notifications: Notifications) -> None:
    identifier = await node.publish(delay_ms=60_000)
    receipt = await notifications.cancel(DEFAULT_CLIENT, identifier)
    assert (receipt.state, node.counters.cancelled) == (State.CANCELLED, 1)
    with pytest.raises(Conflict):
        await notifications.cancel(None, identifier)


async def test_what_was_dispatched_cannot(node: Node, notifications: Notifications) -> None:
    identifier = await node.publish()
    await node.dispatch()
    with pytest.raises(Conflict, match="dispatched before"):
        await notifications.cancel(None, identifier)
    assert node.counters.cancelled == 0
