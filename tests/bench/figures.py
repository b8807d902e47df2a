"""What a measurement yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Progress = Callable[[str], None]


class Figure(NamedTuple):
    """One line of the result."""

    name: str
    unit: str
    ours: float
    other: float | None = None
    #: What *other* is.
    beside: str = ""
    #: What DESIGN aims at, of the ratio or of ours.
    aim: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours in terms of the other."""
        return self.ours / self.other if self.other else None
