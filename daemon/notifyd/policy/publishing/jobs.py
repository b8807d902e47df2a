"""When jobs of a BullMQ queue are taken, and when one that failed is tried again."""

from __future__ import annotations

import math
from typing import Any, Final

#: Beyond this a delay is no number that Redis keeps whole.
_LONGEST_MS: Final = 2**40


def retry_delay_ms(backoff: Any, tries: int, *, chance: float) -> int:
    """The wait after so many *tries*, one at least, as BullMQ defines its option `backoff`; *chance* is 0 to 1.

    A number is a fixed wait, as is a strategy of the producer's own, which only workers of theirs would know.
    """
    if isinstance(backoff, dict):
        delay, jitter = _number(backoff.get("delay")), min(1.0, _number(backoff.get("jitter")))
        if backoff.get("type") == "exponential":
            delay *= 2.0 ** min(tries - 1, 60)
    else:
        delay, jitter = _number(backoff), 0.0
    return round(min(delay * (1 - jitter + jitter * chance), _LONGEST_MS))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0.0
    return max(0.0, min(float(value), float(_LONGEST_MS)))


class Gate:
    """How many jobs may be in work: all while all is well, none while they would fail, then one to find out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._closed_until = -math.inf
        self._probing = False
        #: Once true, nothing is taken any more.
        self.draining = False

    def permits(self, now: float, *, failing: bool) -> int:
        """So many at *now*, when the broker is *failing* or works."""
        if failing:
            self._probing = True
        if self.draining or failing or now < self._closed_until:
            return 0
        return 1 if self._probing else self._most

    def refuse(self, now: float, seconds: float) -> None:
        """One was refused that may be accepted in so many *seconds*."""
        self._closed_until = max(self._closed_until, now + seconds)
        self._probing = True

    def accept(self, now: float) -> None:
        """One was accepted."""
        if now >= self._closed_until:
            self._probing = False
