"""Durable subscriptions over a journal: kills, and a disk that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.store.options import BrokerLimits, DurableLimits
from tests.store.conftest import Faults, Start, killed
from tests.store.samples import HOUR, T0

if TYPE_CHECKING:
    from pathlib import Path


def state(name: str = "audit", floor: int = 0, *, used_at: int = T0) -> DurableState:
    return DurableState(
        DurableKey(DEFAULT_CLIENT, "orders", "user/anna", name), "e", floor, (9, 11), ((7, 2),), used_at
    )


async def test_what_was_waited_for_survives_a_kill(start: Start, tmp_path: Path) -> None:
    async with start() as broker:
        await broker.durables.put(state(floor=3), now=T0).wait()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert await broker.durables.states() == [state(floor=3)]


async def test_many_of_one_key_are_written_once(start: Start) -> None:
    async with start() as broker:
        batch = broker._journal.batch()
        written = [broker.durables.put(state(floor=floor), now=T0) for floor in range(5)]
        await written[-1].wait()
        assert batch.durables == {state().key: state(floor=4)}
        assert all(one.done() for one in written)


async def test_the_latest_moves_on_to_the_next_transaction(start: Start, tmp_path: Path, faults: Faults) -> None:
    async with start() as broker:
        await broker.durables.put(state("c"), now=T0).wait()
        faults.fail("INSERT")
        for one in (state("a"), state("b", 1)):
            with pytest.raises(StoreUnavailable):
                await broker.durables.put(one, now=T0).wait()
        faults.fail("")
        with pytest.raises(StoreUnavailable):
            await broker.durables.remove(state("c").key)
        assert [one.key.name for one in await broker.durables.states()] == ["a", "b"]
        faults.heal()
        await broker.durables.put(state("b", 2), now=T0).wait()
        copy = killed(tmp_path)
    async with start(copy) as broker:
        assert await broker.durables.states() == [state("a"), state("b", 2)]


async def test_what_nobody_used_for_too_long_is_gone_from_the_journal_too(start: Start) -> None:
    limits = BrokerLimits(durables=DurableLimits(max_age_seconds=3600))
    async with start(limits=limits) as broker:
        broker.durables.put(state("a", used_at=T0 - HOUR), now=T0)
        broker.durables.put(state("b"), now=T0)
        broker.upkeep.trim(now=T0)
        assert [one.key.name for one in await broker.durables.states()] == ["b"]
    async with start(limits=BrokerLimits()) as broker:
        assert await broker.durables.states() == [state("b")]


async def test_what_was_put_before_a_stop_is_kept(start: Start) -> None:
    async with start() as broker:
        broker.durables.put(state(), now=T0)
    with pytest.raises(StoreUnavailable, match="closed"):
        await broker.durables.put(state(floor=1), now=T0).wait()
    async with start() as broker:
        assert await broker.durables.states() == [state()]
