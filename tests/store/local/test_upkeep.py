"""What is forgotten in time, and what travels with the next transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.store.local import upkeep
from notifyd.store.options import BrokerLimits, HistoryLimits, ReceiptLimits
from tests.store.conftest import Start, killed
from tests.store.samples import HOUR, T0, accept, dispatch, idempotency, notification, publish

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_memory_is_trimmed(start: Start) -> None:
    limits = BrokerLimits(history=HistoryLimits(max_age_seconds=60), receipts=ReceiptLimits(max_age_seconds=60))
    async with start(limits=limits) as broker:
        await publish(broker, notification())
        broker.upkeep.trim(now=T0 + 60_000)
        assert broker.history.usage() == (1, 0, 0)


async def test_expired_idempotency_keys_leave_the_journal(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        await pending.result()
        broker.upkeep.trim(now=T0 + HOUR)
        await accept(broker, notification())
        copy = killed(tmp_path)
    async with start(copy) as broker:
        # an hour earlier by the clock, and yet it is new
        (pending,) = broker.queue.enqueue([notification()], now=T0, idempotency=idempotency())
        assert not (await pending.result()).duplicate


async def test_counts_are_journalled_within_a_tick(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_TICK_SECONDS", 0.01)
    async with start() as broker:
        (one,) = await accept(broker, notification())
        await dispatch(broker, delivered=3)
        await broker._journal.batch().commit.wait()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        receipt = await broker.receipts.find(DEFAULT_CLIENT, one)
        assert receipt is not None
        assert receipt.delivered == 3


async def test_a_failing_journal_is_tried_until_it_works(start: Start) -> None:
    async with start() as broker:
        broker._journal._failing_since = 1.0
        broker.upkeep.trim(now=T0)
        await broker._journal.batch().commit.wait()
        assert broker.failing_since() is None
