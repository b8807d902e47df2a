"""One timer for everything that may time out, so that no connection needs a task or a cancel scope for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()
RESOLUTION_SECONDS = 0.05


class Deadline:
    """A call that is due at some time and may be cancelled before."""

    __slots__ = ("_tick", "_ticks", "callback")

    def __init__(self, ticks: dict[int, set[Deadline]], tick: int, callback: Callable[[], None]) -> None:
        self._ticks = ticks
        self._tick = tick
        self.callback = callback

    def cancel(self) -> None:
        """Forget the call; harmless when it was made already."""
        due = self._ticks.get(self._tick)
        if due is not None:
            due.discard(self)
        self.callback = _nothing  # it may be among those that fire at this moment


def _nothing() -> None:
    pass


class Deadlines:
    """Calls back at trio times, rounded up to the resolution. `run` must be running."""

    def __init__(self) -> None:
        self._ticks: dict[int, set[Deadline]] = {}
        self._next_tick = math.inf
        self._sleep = trio.CancelScope()

    def at(self, when: float, callback: Callable[[], None]) -> Deadline:
        """Call *callback* in trio's thread once trio's clock has passed *when*, unless cancelled."""
        tick = math.ceil(when / RESOLUTION_SECONDS)
        deadline = Deadline(self._ticks, tick, callback)
        due = self._ticks.get(tick)
        if due is None:
            self._ticks[tick] = {deadline}
            if tick < self._next_tick:
                self._next_tick = tick
                self._sleep.deadline = tick * RESOLUTION_SECONDS
        else:
            due.add(deadline)
        return deadline

    async def run(self) -> None:
        """Sleep until the earliest deadline, again and again."""
        while True:
            self._next_tick = min(self._ticks, default=math.inf)
            self._sleep = trio.CancelScope(deadline=self._next_tick * RESOLUTION_SECONDS)
            with self._sleep:
                await trio.sleep_forever()
            self._fire(trio.current_time())

    def _fire(self, now: float) -> None:
        for tick in sorted(tick for tick in self._ticks if tick * RESOLUTION_SECONDS <= now):
            for deadline in self._ticks.pop(tick):
                try:
                    deadline.callback()
                except Exception:  # whose ever it is, the others' deadlines must hold
                    log.exception("deadline_failed")
