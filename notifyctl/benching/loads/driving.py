"""Running operations by a schedule, so many of them at once, and counting what became of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import trio

from notifyctl.benching.connections.place import Failed, clock
from notifyctl.benching.measuring.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyctl.benching.loads.pacing import Schedule, Slot
    from notifyctl.benching.measuring.tally import Tally

#: Does one operation, begun at that reading of the clock; raises Failed.
Worker = Callable[[float], Awaitable[None]]

#: How long what is under way, or overdue, may take when a run is over.
GRACE_SECONDS: Final = 10.0
#: After an error that will repeat itself at once.
_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0


class Driver:
    """One phase of load."""

    def __init__(self, schedule: Schedule, tally: Tally, *, each: int = 1) -> None:
        """Every slot of *schedule* is one request of *each* operations."""
        self._schedule = schedule
        self._tally = tally
        self._each = each
        self._under_way = 0
        #: How much later than due this process woke up for what it was free to do: its own fault, and not counted.
        self.late = Histogram()

    async def run(self, workers: Sequence[Worker], *, ends_at: float = float("inf")) -> None:
        """Have *workers* take slots until there are no more.

        What is not done `GRACE_SECONDS` after *ends_at* is given up: `not_answered`, or `not_sent` where nobody had
        come to it.
        """
        with trio.move_on_after(max(0.0, ends_at + GRACE_SECONDS - clock())) as scope:
            async with trio.open_nursery() as nursery:
                for worker in workers:
                    nursery.start_soon(self._work, worker)
        if scope.cancelled_caught:
            self._tally.broke("not_answered", self._under_way * self._each)
            self._tally.broke("not_sent", self._schedule.left() * self._each)

    async def _work(self, worker: Worker) -> None:
        while (slot := self._schedule.take(clock())) is not None:
            at = await self._due(slot)
            self._under_way += 1
            try:
                await worker(at)
            except Failed as failed:
                self._tally.broke(failed.kind, self._each)
                self._under_way -= 1
                await trio.sleep(_pause(failed))
            else:
                self._under_way -= 1
                self._tally.worked(clock() - at, self._each)

    async def _due(self, slot: Slot) -> float:
        """Wait for *slot*; from when on its latency counts.

        What is overdue when somebody is free counts from when it was due. What lies ahead counts from when it is
        begun: that our timer wakes late says nothing of the daemon.
        """
        now = clock()
        if slot.due_at is None:
            return now
        if slot.due_at <= now:
            return slot.due_at
        await trio.sleep(slot.due_at - now)
        now = clock()
        self.late.record(now - slot.due_at)
        return now


def _pause(failed: Failed) -> float:
    least = _PAUSE_SECONDS if failed.gone else 0.0
    return min(max(least, failed.retry_after_seconds), _LONGEST_PAUSE_SECONDS)
