"""kill -9 under load: rounds of `make crash`, short ones, with every rule of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.__main__ import configure, settings
from tests.crash.round import Plan, Round
from tests.crash.rules import breaches, counts
from tests.e2e.patience import within

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter


async def round_of(start: Starter, durability: str, plan: Plan) -> dict[str, int]:
    """The counts of one round, in which every rule held."""
    daemon = await start(*settings("local", durability), started=False)
    configure(daemon)
    await daemon.start()
    log = await Round(daemon, plan).run()
    assert breaches(log.facts) == []
    return counts(log.facts)


@within(60)
async def test_a_kill_under_load_breaks_no_rule(start: Starter) -> None:
    figures = await round_of(start, "fsync", Plan(seconds=3.5, seed=1, kill_seconds=1.5))
    assert figures["kills"] == figures["restarts"] >= 1
    assert figures["accepted"] > 100
    assert figures["replayed"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("durability", ["os", "fsync"])
@within(150)
async def test_many_kills_under_load_break_no_rule(start: Starter, durability: str, seed: int) -> None:
    figures = await round_of(start, durability, Plan(seconds=30, seed=seed, kill_seconds=1.5))
    print(durability, seed, figures)
    assert figures["kills"] > 3
    assert figures["dead letters"] > 0
