"""A disk that fails again and again under load: the rules of `make crash`, with faults in the place of kills."""

from __future__ import annotations

import errno
import random
from typing import TYPE_CHECKING, Final

import pytest
import trio

from tests.crash.house import SETTINGS, configure
from tests.crash.round import Plan, Round
from tests.crash.rules import breaches, counts
from tests.e2e.daemon import Daemon
from tests.e2e.patience import within
from tests.faults.fixtures import expected, locked
from tests.faults.injecting import start_under

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.faults.injecting import Faults

SECONDS: Final = 25.0


class Failing(Round):
    """One whose disk fails; the daemon lives through it."""

    def __init__(self, daemon: Daemon, faults: Faults, plan: Plan) -> None:
        super().__init__(plan, daemon)
        self._daemon = daemon
        self._faults = faults
        self._dice = random.Random(plan.seed)

    async def trouble(self) -> None:
        """Every second or two something else, for up to two seconds."""
        until = trio.current_time() + self.plan.seconds
        while trio.current_time() < until:
            await trio.sleep(self._dice.uniform(0.5, 1.5))
            with self._fault():
                await trio.sleep(self._dice.uniform(0.1, 2.0))
        async with self._daemon.rest() as client:
            with trio.fail_after(15):
                while (await client.call("GET", "/api/health/ready")).status != 200:  # noqa: ASYNC110
                    await trio.sleep(0.1)

    def _fault(self) -> AbstractContextManager[None]:
        match self._dice.randrange(5):
            case 0:
                return locked(self._daemon.state_dir / "broker.db")
            case 1:
                return self._faults.on("broker.db", sync=errno.EIO)
            case 2:
                return self._faults.on("broker.db", write=errno.EIO)
            case 3:
                return self._faults.on("broker.db", slow_seconds=self._dice.uniform(0.05, 1.5))
            case _:
                return self._faults.on("broker.db", write=errno.ENOSPC)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@within(150)
async def test_a_disk_that_fails_under_load_breaks_no_rule(tmp_path: Path, seed: int) -> None:
    async with trio.open_nursery() as nursery:
        daemon = Daemon(tmp_path, nursery, *SETTINGS, "broker.durability=fsync")
        configure(daemon)
        try:
            faults = await start_under(daemon)
            log = await Failing(daemon, faults, Plan(seconds=SECONDS, seed=seed)).run()
            assert await daemon.terminate() == 0
        finally:
            if daemon.running:
                daemon.process.kill()
            daemon.forget()
    figures = counts(log.facts)
    print(figures)
    assert breaches(log.facts) == []
    assert [line for line in daemon.complaints() if not expected(line)] == []
    assert faults.hits > 0
    assert figures["refused"] > 0
    assert figures["accepted"] > 100
