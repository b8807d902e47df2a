"""Who is there and who is gone, where going counts only after a while. Time (monotonic seconds) is an input."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

#: Departures remembered; beyond it the oldest are told before their time.
MAX_LEAVING: Final = 100_000


class Occupancy(Generic[K]):
    """Turns comings and goings into what is worth telling: who is back within *grace_seconds* was never gone."""

    def __init__(self, grace_seconds: float, *, limit: int = MAX_LEAVING) -> None:
        #: May change at any time; it counts for those who are leaving already, too.
        self.grace_seconds = grace_seconds
        self._limit = limit
        #: When each went, the longest ago first.
        self._leaving: dict[K, float] = {}

    def came(self, key: K) -> bool:
        """*key* is there; whether that is to be told."""
        return self._leaving.pop(key, None) is None

    def went(self, key: K, *, now: float) -> None:
        """*key* is gone, until it comes back or `gone` tells it."""
        self._leaving[key] = now

    def gone(self, *, now: float) -> list[K]:
        """Those that have been gone for long enough, and are forgotten now."""
        found: list[K] = []
        for key, since in self._leaving.items():
            if since + self.grace_seconds > now and len(self._leaving) - len(found) <= self._limit:
                break
            found.append(key)
        for key in found:
            del self._leaving[key]
        return found

    def next_deadline(self) -> float | None:
        """When `gone` has something to tell; None: not before something goes. Past where too many are leaving."""
        if len(self._leaving) > self._limit:
            return 0.0
        return next((since + self.grace_seconds for since in self._leaving.values()), None)

    def __len__(self) -> int:
        """How many are leaving."""
        return len(self._leaving)
