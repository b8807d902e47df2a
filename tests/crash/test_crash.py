"""kill -9 under load: rounds of `make crash`, short ones, with every rule of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.house import House, configure, opened
from tests.crash.round import Plan, Round
from tests.crash.rules import breaches, counts
from tests.e2e.patience import within

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.fixtures import Starter


async def round_of(start: Starter, tmp_path: Path, house: House, plan: Plan) -> dict[str, int]:
    """The counts of one round, in which every rule held."""
    with opened(house, tmp_path) as (settings, redis):
        daemons = [await start(*settings, started=False) for _ in range(house.nodes)]
        for daemon in daemons:
            configure(daemon)
            await daemon.start()
        log = await Round(plan, *daemons, redis=redis if house.redis_kills else None).run()
        for daemon in daemons:
            await daemon.terminate()
    assert breaches(log.facts) == []
    return counts(log.facts)


@within(60)
async def test_a_kill_under_load_breaks_no_rule(start: Starter, tmp_path: Path) -> None:
    figures = await round_of(start, tmp_path, House(), Plan(seconds=3.5, seed=1, kill_seconds=1.5, kills=1))
    assert figures["kills"] == figures["restarts"] >= 1
    assert figures["accepted"] > 100
    assert figures["replayed"] > 0


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("durability", "seed"), [("os", 2), ("fsync", 3)])
@within(150)
async def test_many_kills_under_load_break_no_rule(start: Starter, tmp_path: Path, durability: str, seed: int) -> None:
    figures = await round_of(
        start, tmp_path, House(durability=durability), Plan(seconds=20, seed=seed, kill_seconds=1.5, kills=4)
    )
    print(durability, seed, figures)
    assert figures["kills"] > 3
    assert figures["dead letters"] > 0


@pytest.mark.slow
@pytest.mark.long
@within(150)
async def test_kills_of_one_of_several_daemons_break_no_rule(start: Starter, tmp_path: Path) -> None:
    house = House("redis", nodes=2, appendfsync="always")
    figures = await round_of(start, tmp_path, house, Plan(seconds=20, seed=5, kill_seconds=2, kills=1))
    print(figures)
    assert figures["kills"] >= 1
