"""What every receipt engine promises."""

from __future__ import annotations

import pytest

from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, State
from notifyd.store.ports import Broker, Outcome
from tests.store.samples import T0, accept, dispatch, notification


async def test_a_receipt_follows_its_notification(broker: Broker) -> None:
    one = notification()
    await accept(broker, one)
    waiting = await broker.receipts.find(None, one.id)
    assert waiting is not None
    assert (waiting.state, waiting.epoch, waiting.offset) == (State.WAITING, "", 0)
    assert waiting.submitted_by == one.submitted_by
    (publication,) = await dispatch(broker, delivered=3, now=T0 + 7)
    done = await broker.receipts.find(one.client_id, one.id)
    assert done is not None
    assert (done.state, done.settled_at, done.delivered) == (State.DISPATCHED, T0 + 7, 3)
    assert (done.epoch, done.offset) == (publication.epoch, 1)


@pytest.mark.parametrize("state", [State.EXPIRED, State.DEAD, State.DISPATCHED])
async def test_a_receipt_tells_how_it_ended(broker: Broker, state: State) -> None:
    (one,) = await accept(broker, notification(kind=Kind.BROADCAST))
    (held,) = broker.queue.lease(limit=1, lease_seconds=30, now=T0)
    await broker.queue.settle([Outcome(held, state)], now=T0)
    receipt = await broker.receipts.find(None, one)
    assert receipt is not None
    assert (receipt.state, receipt.kind, receipt.offset) == (state, Kind.BROADCAST, 0)


async def test_failed_tries_are_told(broker: Broker) -> None:
    (one,) = await accept(broker, notification())
    broker.queue.release(broker.queue.lease(limit=1, lease_seconds=30, now=T0), due_at=T0 + 9)
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
