"""Checks of the daemon's memory and of the clock that it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.clock import monotonic, now_ms
from notifyd.model.machine import ClockFacts, MemoryFacts
from notifyd.policy.diagnosis.machine import judge_memory, judge_steps
from notifyd.telemetry.machine import memory_limit_bytes
from notifyd.telemetry.process import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.diagnosis import Finding


class ClockStepsCheck:
    """Whether the wall clock was set since this was made, at the daemon's start."""

    name = "clock-steps"

    def __init__(self, wall_ms: Callable[[], int] = now_ms, steady_seconds: Callable[[], float] = monotonic) -> None:
        self._wall_ms = wall_ms
        self._steady_seconds = steady_seconds
        self._apart = self._now()

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        return [judge_steps(ClockFacts(self._wall_ms(), self._now() - self._apart))]

    def _now(self) -> float:
        return self._wall_ms() / 1000 - self._steady_seconds()


class MemoryCheck:
    """Whether there is memory for what the settings let the daemon keep."""

    name = "memory"

    def __init__(self, kept_bytes: Callable[[], int]) -> None:
        """*kept_bytes*: the bounds in bytes of all that it keeps in memory, together."""
        self._kept_bytes = kept_bytes

    async def look(self) -> Sequence[Finding]:
        """See `Check.look`."""
        await trio.lowlevel.checkpoint()
        return [judge_memory(MemoryFacts(resident_bytes(), memory_limit_bytes(), self._kept_bytes()))]
