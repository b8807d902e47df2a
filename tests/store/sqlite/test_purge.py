"""Rows go when nobody needs them any more, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import Kind
from notifyd.store.options import BrokerLimits, HistoryLimits, ReceiptLimits
from notifyd.store.sqlite import purge as purges
from tests.store.samples import HOUR, T0, accept, dispatch, notification, publish

if TYPE_CHECKING:
    import pytest

    from notifyd.store.local.broker import LocalBroker
    from tests.store.conftest import Start

UNKEPT = BrokerLimits(history=HistoryLimits(max_publications=0))
HOURLY = ReceiptLimits(max_age_seconds=3600)


async def purge(broker: LocalBroker, limits: ReceiptLimits = HOURLY, *, now: int) -> int:
    broker.upkeep.limits = limits
    return await broker.upkeep.purge(now=now)


async def settled(broker: LocalBroker) -> None:
    """Dispatch what is due, and see that its outcome is journalled."""
    await dispatch(broker)
    await accept(broker, notification(delay=9 * HOUR))


async def test_a_receipt_goes_when_it_is_over_age(start: Start) -> None:
    async with start(limits=UNKEPT) as broker:
        await accept(broker, notification(kind=Kind.BROADCAST))
        await settled(broker)
        assert await purge(broker, now=T0 + HOUR - 1) == 0
        assert await purge(broker, now=T0 + HOUR) == 1
        assert await purge(broker, now=T0 + HOUR) == 0


async def test_what_waits_stays(start: Start) -> None:
    async with start() as broker:
        await accept(broker, notification(delay=9 * HOUR))
        assert await purge(broker, now=T0 + 5 * HOUR) == 0
    async with start() as broker:
        assert broker.queue.stats(now=T0).waiting == 1


async def test_a_kept_publication_keeps_its_row(start: Start) -> None:
    async with start(limits=BrokerLimits(history=HistoryLimits(max_publications=2))) as broker:
        published = await publish(broker, *[notification() for _ in range(5)])
        assert await purge(broker, now=T0 + HOUR) == 3
    async with start() as broker:
        assert broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0).publications == published[3:]


async def test_a_channel_without_rows_goes_on_counting(start: Start) -> None:
    async with start() as broker:
        await publish(broker, notification(), notification())
        assert broker.history.trim(now=T0 + 24 * HOUR) == 2
        assert await purge(broker, now=T0 + 24 * HOUR) == 2
        epoch = broker.history.position(DEFAULT_CLIENT, "orders").epoch
    async with start() as broker:
        (next_one,) = await publish(broker, notification())
        assert (next_one.epoch, next_one.offset) == (epoch, 3)


async def test_the_oldest_receipts_go_when_there_are_too_many(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purges, "_CHUNK_ROWS", 3)
    async with start(limits=UNKEPT) as broker:
        accepted = await accept(broker, *[notification(kind=Kind.BROADCAST) for _ in range(10)])
        await settled(broker)
        assert await purge(broker, ReceiptLimits(max_count=4), now=T0) == 6
    async with start() as broker:
        found = [await broker.receipts.find(None, known) for known in accepted]
        assert [receipt is not None for receipt in found] == [False] * 6 + [True] * 4
