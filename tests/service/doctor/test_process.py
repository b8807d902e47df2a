from __future__ import annotations

from notifyd.model.diagnosis import Verdict
from notifyd.service.doctor.process import ClockStepsCheck, MemoryCheck

MOMENT_MS = 1_795_000_000_000


class Clocks:
    """Two clocks, of which one can be set."""

    def __init__(self) -> None:
        self.wall = MOMENT_MS
        self.steady = 50.0

    def pass_seconds(self, seconds: int, *, set_by: int = 0) -> None:
        self.steady += seconds
        self.wall += (seconds + set_by) * 1000


async def test_a_clock_that_was_set() -> None:
    clocks = Clocks()
    check = ClockStepsCheck(lambda: clocks.wall, lambda: clocks.steady)
    clocks.pass_seconds(3600)
    assert (await check.look())[0].verdict is Verdict.OK
    clocks.pass_seconds(10, set_by=-7)
    (finding,) = await check.look()
    assert finding.verdict is Verdict.WARNING
    assert "set back by 7.0 s" in finding.found


async def test_memory_for_all_that_may_be_kept() -> None:
    assert (await MemoryCheck(lambda: 0).look())[0].verdict is Verdict.OK
    assert (await MemoryCheck(lambda: 1 << 60).look())[0].verdict is Verdict.WARNING
