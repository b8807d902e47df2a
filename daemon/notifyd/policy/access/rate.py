"""Token buckets: how many requests one credential may make."""

from __future__ import annotations

import math

import msgspec


class Allowance(msgspec.Struct, frozen=True):
    """The answer of a bucket, in the terms of the RateLimit header fields."""

    allowed: bool
    limit: int
    remaining: int
    #: Whole seconds until the bucket is full again.
    reset_seconds: int
    #: Seconds until one more request is allowed; 0 when it was.
    retry_after_seconds: float


class TokenBucket:
    """Holds `burst` requests and gains `per_minute` each minute. Time is an input, in monotonic seconds."""

    __slots__ = ("_burst", "_level", "_per_second", "_updated")

    def __init__(self, *, per_minute: int, burst: int, now: float) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._level = float(burst)
        self._updated = now

    def take(self, now: float, count: int = 1) -> Allowance:
        """Take *count* requests out, all or none. More than `burst` at once are let through by a full bucket alone."""
        self._level = min(self._burst, self._level + max(0.0, now - self._updated) * self._per_second)
        self._updated = max(self._updated, now)
        needed = min(count, self._burst)
        allowed = self._level >= needed
        if allowed:
            self._level -= count
        missing = 0.0 if allowed else (needed - self._level) / self._per_second
        reset = math.ceil((self._burst - self._level) / self._per_second)
        return Allowance(allowed, self._burst, max(0, int(self._level)), reset, missing)

    def full(self, now: float) -> bool:
        """Whether it may be forgotten: a new one would answer the same."""
        return self._level + (now - self._updated) * self._per_second >= self._burst
