"""When each request of a load is due. Pure.

With a rate the times are fixed beforehand, and latency is counted from them: a request that waited because the daemon
was busy with others counts that wait, as its user would (what is left out otherwise is known as coordinated omission).
Without one each request follows the one before, and latency is that of the answer alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """One request."""

    number: int
    #: On the caller's clock; None: as soon as somebody is free.
    due_at: float | None


class Schedule:
    """Hands out slots until so many have been, or until it is over; nothing is made beforehand."""

    def __init__(
        self,
        *,
        begins_at: float,
        rate: float | None = None,
        count: int | None = None,
        duration_seconds: float | None = None,
    ) -> None:
        """*rate* is in requests a second; of *count* and *duration_seconds* what comes first ends it."""
        self.begins_at = begins_at
        self._interval = None if rate is None else 1 / rate
        self._count = count
        self._ends_at = None if duration_seconds is None else begins_at + duration_seconds
        self._next = 0

    @property
    def handed_out(self) -> int:
        """How many slots there have been."""
        return self._next

    def take(self, now: float) -> Slot | None:
        """The next slot; None when there are no more.

        What is due before the end is handed out after it as well, so that a daemon that stood still does not
        shorten the list of those who waited for it; who gives up on them asks `left`.
        """
        if self._count is not None and self._next >= self._count:
            return None
        due_at = None if self._interval is None else self.begins_at + self._next * self._interval
        moment = now if due_at is None else due_at
        if self._ends_at is not None and moment >= self._ends_at:
            return None
        slot = Slot(self._next, due_at)
        self._next += 1
        return slot

    def end(self) -> None:
        """Hand out no more."""
        self._count = self._next

    def left(self) -> int:
        """How many slots of a rate are due before the end and were never taken; 0 without a rate or an end."""
        if self._interval is None:
            return 0
        most = float("inf") if self._ends_at is None else (self._ends_at - self.begins_at) / self._interval
        due = min(float("inf") if self._count is None else self._count, most)
        return max(0, math.ceil(due) - self._next) if math.isfinite(due) else 0
