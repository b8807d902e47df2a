"""When a push provider or a webhook may be called at all. Times are monotonic seconds and given by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.policy.backoff import backoff_seconds

if TYPE_CHECKING:
    from notifyd.policy.backoff import Backoff


class Gate:
    """Closed while the other side asked to be left alone or cannot be reached.

    When it opens again, one goes ahead alone: if the other side is still away, that one has spent a try, not all.
    """

    def __init__(self) -> None:
        self._until = 0.0
        #: Closings in a row, without an answer between them that says that all is well.
        self._closings = 0

    def close(self, seconds: float, rules: Backoff, *, now: float, chance: float) -> float:
        """Stay away for *seconds*, or where that is 0 for longer each time; answers when it opens."""
        # what was on the way together fails together, and is one closing
        if now >= self._until:
            self._closings += 1
        wait = seconds or backoff_seconds(max(1, self._closings), rules, chance=chance)
        self._until = max(self._until, now + wait)
        return self._until

    def went_well(self, *, now: float) -> None:
        """The other side answered as it should. Says nothing while closed: that answer is from before."""
        if now >= self._until:
            self._closings = 0

    def room(self, in_flight: int, most: int, *, now: float) -> int:
        """How many more may go now."""
        if now < self._until:
            return 0
        return max(0, (1 if self._closings else most) - in_flight)

    @property
    def opens_at(self) -> float:
        """From when on it is open; may be past."""
        return self._until

    def seconds_left(self, *, now: float) -> float:
        """How long it stays closed; 0.0: it is open."""
        return max(0.0, self._until - now)
