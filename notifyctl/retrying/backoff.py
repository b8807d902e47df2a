"""When to try again: exponential, with full jitter, so that many listeners of one daemon do not come back at once."""

from __future__ import annotations

import random
from typing import Final

_FIRST_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 5.0


class Backoff:
    """The pauses between attempts at one thing."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self._ceiling = _FIRST_SECONDS

    def next_seconds(self) -> float:
        """How long to wait before the next attempt."""
        pause = self._chance.uniform(0, self._ceiling)
        self._ceiling = min(2 * self._ceiling, _LONGEST_SECONDS)
        return pause

    def reset(self) -> None:
        """The last attempt was good."""
        self._ceiling = _FIRST_SECONDS
