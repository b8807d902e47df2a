"""One timer for everything that may time out, so that no connection needs a task or a cancel scope for it."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import structlog
import trio

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()
#: How late a call may come at the most; one that is due soon is late by a hundredth of the wait.
RESOLUTION_SECONDS = 0.05
_TICKS_PER_SECOND = 1000
_MAX_STEP = round(RESOLUTION_SECONDS * _TICKS_PER_SECOND)


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
    """Calls back at trio times, a little late so that calls come together. `run` must be running."""

    def __init__(self) -> None:
        self._ticks: dict[int, set[Deadline]] = {}
        self._order: list[int] = []  # a heap of the keys above
        self._sleep = trio.CancelScope()

    def at(self, when: float, callback: Callable[[], None]) -> Deadline:
        """Call *callback* in trio's thread once trio's clock has passed *when*, unless cancelled."""
        wait = when - trio.current_time()
        step = min(max(1, int(wait * (_TICKS_PER_SECOND / 100))), _MAX_STEP)
        tick = math.ceil(when * _TICKS_PER_SECOND / step) * step
        deadline = Deadline(self._ticks, tick, callback)
        due = self._ticks.get(tick)
        if due is not None:
            due.add(deadline)
            return deadline
        self._ticks[tick] = {deadline}
        heapq.heappush(self._order, tick)
        if self._order[0] == tick:
            self._sleep.deadline = tick / _TICKS_PER_SECOND
        return deadline

    async def run(self) -> None:
        """Sleep until the earliest deadline, again and again."""
        while True:
            earliest = self._order[0] / _TICKS_PER_SECOND if self._order else math.inf
            self._sleep = trio.CancelScope(deadline=earliest)
            with self._sleep:
                await trio.sleep_forever()
            self._fire(trio.current_time())

    def _fire(self, now: float) -> None:
        due: list[int] = []
        while self._order and self._order[0] / _TICKS_PER_SECOND <= now:
            due.append(heapq.heappop(self._order))
        for tick in due:
            for deadline in self._ticks.pop(tick):
                try:
                    deadline.callback()
                except Exception:  # whose ever it is, the others' deadlines must hold
                    log.exception("deadline_failed")
