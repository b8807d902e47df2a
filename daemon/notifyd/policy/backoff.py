"""How often something that can fail is tried, and how long to wait between two tries."""

from __future__ import annotations

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """Exponential, with full jitter."""

    #: Tries altogether.
    max_attempts: int
    #: The longest wait before the second try; it doubles from try to try.
    retry_seconds: float
    retry_max_seconds: float


def backoff_seconds(attempts: int, rules: Backoff, *, chance: float) -> float:
    """The wait after so many tries that failed, one at least: exponential, with full jitter (*chance* is 0 to 1)."""
    doubled = rules.retry_seconds * 2.0 ** min(attempts - 1, 60)
    return min(doubled, rules.retry_max_seconds) * chance
