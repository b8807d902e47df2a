from __future__ import annotations

import pytest

from notifyd.model.ids import ClientId
from notifyd.model.notification import State
from notifyd.service.publishing.queue import Queue
from tests.service.node import Node, writes


@pytest.fixture
def queue(node: Node) -> Queue:
    return Queue(node.broker, node.counters)


async def test_the_most_urgent_is_the_next_and_what_is_scheduled_the_last(node: Node, queue: Queue) -> None:
    low = await node.publish(priority=1)
    later = await node.publish(priority=10, delay_ms=60_000)
    high = await node.publish(priority=10)
    assert [receipt.id for receipt in await queue.waiting(limit=9)] == [high, low, later]
    assert [receipt.id for receipt in await queue.waiting(limit=1)] == [high]
    assert await queue.waiting(limit=9, client_id=ClientId("other")) == []
    assert (queue.stats().waiting, queue.stats().scheduled) == (3, 1)


async def test_while_paused_nothing_is_dispatched(node: Node, queue: Queue) -> None:
    connection = node.connect()
    node.hub.subscribe(connection, "news", offset=0)
    assert (await queue.pause()).paused
    await node.published()
    assert writes(connection) == []
    assert not (await queue.resume()).paused
    await node.dispatch()
    assert writes(connection) == ["news/1"]


async def test_clearing_removes_all_that_wait_and_counts_them(node: Node, queue: Queue) -> None:
    ids = [await node.publish(), await node.publish(delay_ms=60_000)]
    assert await queue.clear(ClientId("other")) == 0
    assert await queue.clear() == node.counters.cleared == 2
    assert queue.stats().waiting == 0
    receipts = [await node.broker.receipts.find(None, notification_id) for notification_id in ids]  # type: ignore[arg-type]
    assert [receipt.state for receipt in receipts if receipt] == [State.CLEARED] * 2
