"""Latencies in a bounded number of buckets, as HdrHistogram keeps them. Pure."""

from __future__ import annotations

import math
from array import array
from typing import Final

#: Buckets of one power of two: what a percentile says is at most 1/128 (0.8 %) and a microsecond above the truth.
_BITS: Final = 7
_EACH: Final = 1 << _BITS
#: Nineteen hours in microseconds; what takes longer counts as that.
_LONGEST: Final = (1 << 36) - 1
_MICROSECONDS: Final = 1_000_000


def _bucket(value: int) -> int:
    shift = value.bit_length() - _BITS - 1
    return value if shift <= 0 else shift * _EACH + (value >> shift)


def _highest(bucket: int) -> int:
    """The highest value that falls into *bucket*."""
    shift = max(0, bucket // _EACH - 1)
    return ((bucket - shift * _EACH + 1) << shift) - 1


class Histogram:
    """Lengths of time from a microsecond to nineteen hours, in 30 KB however many there are."""

    def __init__(self) -> None:
        self.count = 0
        self._buckets = array("Q", bytes(8 * (_bucket(_LONGEST) + 1)))
        self._sum = 0
        self._least = _LONGEST
        self._most = 0

    def record(self, length_seconds: float) -> None:
        """Count one; a negative one, as clocks can make it, counts as nothing."""
        value = min(max(0, int(length_seconds * _MICROSECONDS)), _LONGEST)
        shift = value.bit_length() - _BITS - 1
        # what `_bucket` says, without the call: this is done for every delivery
        self._buckets[value if shift <= 0 else shift * _EACH + (value >> shift)] += 1
        self.count += 1
        self._sum += value
        if value > self._most:
            self._most = value
        if value < self._least:
            self._least = value

    def percentile(self, percent: float) -> float | None:
        """The length in seconds that *percent* of all do not exceed; None while there are none.

        It is never below the true one, and above it by 1/128 and a microsecond at most.
        """
        if not self.count:
            return None
        rank = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for bucket, count in enumerate(self._buckets):
            seen += count
            if seen >= rank:
                return min(_highest(bucket), self._most) / _MICROSECONDS
        raise AssertionError("the buckets hold as many as were counted")

    @property
    def least(self) -> float | None:
        """The shortest in seconds, exactly."""
        return self._least / _MICROSECONDS if self.count else None

    @property
    def most(self) -> float | None:
        """The longest in seconds, exactly."""
        return self._most / _MICROSECONDS if self.count else None

    @property
    def mean(self) -> float | None:
        """The mean in seconds, exactly."""
        return self._sum / self.count / _MICROSECONDS if self.count else None
