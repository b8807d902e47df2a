"""Until when something is tried or waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """A moment of the monotonic clock, or never."""

    at: float | None

    @staticmethod
    def after(seconds: float | None) -> Deadline:
        """The moment *seconds* from now; None is never."""
        return Deadline(None if seconds is None else time.monotonic() + seconds)

    def left(self) -> float | None:
        """Seconds until then, at least 0; None for never."""
        return None if self.at is None else max(0.0, self.at - time.monotonic())

    def clip(self, seconds: float) -> float:
        """*seconds*, or what is left when that is less."""
        left = self.left()
        return seconds if left is None else min(seconds, left)

    def over(self) -> bool:
        """Whether it has passed."""
        return self.left() == 0.0
