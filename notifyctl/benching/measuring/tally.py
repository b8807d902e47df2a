"""What became of the operations and deliveries of a run. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Final

from notifyctl.benching.measuring.histogram import Histogram

#: Kinds of errors that are told apart; a server that invents codes must not fill our memory.
_MOST_KINDS: Final = 64
OTHER: Final = "other"


class Tally:
    """Operations: how many worked, how long they took, and how the others failed."""

    def __init__(self) -> None:
        self.succeeded = 0
        self.requests = 0
        self.errors: Counter[str] = Counter()
        self.latency = Histogram()

    @property
    def failed(self) -> int:
        """How many did not work."""
        return self.errors.total()

    @property
    def attempted(self) -> int:
        """All of them."""
        return self.succeeded + self.failed

    @property
    def error_share(self) -> float | None:
        """How many of all failed, 1.0 for all; None while there are none."""
        return self.failed / self.attempted if self.attempted else None

    def worked(self, length_seconds: float, count: int = 1) -> None:
        """One request of *count* operations worked."""
        self.succeeded += count
        self.requests += 1
        self.latency.record(length_seconds)

    def broke(self, kind: str, count: int = 1) -> None:
        """*count* operations failed in the same way."""
        if count:
            known = kind in self.errors or len(self.errors) < _MOST_KINDS
            self.errors[kind if known else OTHER] += count


class Arrivals:
    """Deliveries: how many came, after how long, and how many did not."""

    def __init__(self, *, timed: bool = True) -> None:
        #: Whether it is they whose latency the run is about.
        self.timed = timed
        self.received = 0
        self.expected = 0
        self.missing = 0
        self.extra = 0
        self.latency = Histogram()

    @property
    def missing_share(self) -> float | None:
        """How many of the expected ones did not come; None while none are expected."""
        return self.missing / self.expected if self.expected else None

    def settle(self, accepted: int, came: list[int]) -> None:
        """Each of the receivers that got *came* should have had *accepted*."""
        self.expected = accepted * len(came)
        self.missing = sum(max(0, accepted - count) for count in came)
        self.extra = sum(max(0, count - accepted) for count in came)
