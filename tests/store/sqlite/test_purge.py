"""Rows go when nobody needs them any more, and not before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import Kind
from notifyd.store.options import BrokerLimits, HistoryLimits, InboxLimits, ReceiptLimits
from notifyd.store.sqlite import purge as purges
from tests.store.conftest import killed
from tests.store.samples import HOUR, T0, accept, dispatch, for_users, notification, publish

if TYPE_CHECKING:
    from pathlib import Path

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
        assert await broker.history.trim(now=T0 + 24 * HOUR) == 2
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


async def test_what_an_inbox_keeps_keeps_its_rows(start: Start) -> None:
    limits = BrokerLimits(history=HistoryLimits(max_publications=0), inbox=InboxLimits(max_age_seconds=9 * 3600))
    async with start(limits=limits) as broker:
        anna, bert = UserId("anna"), UserId("bert")
        published = await publish(broker, for_users(anna, bert), for_users(bert))
        await settled(broker)
        assert await purge(broker, now=T0 + 2 * HOUR) == 0
        await broker.inbox.forget(DEFAULT_CLIENT, bert)
        assert await purge(broker, now=T0 + 2 * HOUR) == 1
    async with start(limits=limits) as broker:
        (kept,) = broker.inbox.since(DEFAULT_CLIENT, anna, now=T0).publications
        assert kept.notification == published[0].notification
        assert await broker.inbox.trim(now=T0 + 9 * HOUR) == 1
        assert await purge(broker, now=T0 + 9 * HOUR) == 1


async def test_an_inbox_without_rows_goes_on_counting(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        published = await publish(broker, for_users("anna"), for_users("anna"))
        await settled(broker)
        later = T0 + 24 * 8 * HOUR
        assert (await broker.inbox.trim(now=later), await broker.history.trim(now=later)) == (2, 2)
        assert await purge(broker, now=later) == 2
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert broker.inbox.position(DEFAULT_CLIENT, UserId("anna")) == published[1].inbox
    with closing(sqlite3.connect(copy / "broker.db")) as journal:
        assert journal.execute("SELECT count(*) FROM inbox_items").fetchone() == (0,)
