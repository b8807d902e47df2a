"""The two clocks. Deadlines use the monotonic one, instants that are kept or shown use the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

monotonic = time.monotonic

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def now_ms() -> int:
    """Whole milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


def ms_of(instant: datetime) -> int:
    """*instant*, which knows its offset from UTC, in whole milliseconds since the Unix epoch."""
    return (instant - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.")


def iso_ms(instant: int) -> str:
    """*instant* (milliseconds since the Unix epoch) as `2026-01-30T12:00:00.000Z`."""
    return f"{_second(instant // 1000)}{instant % 1000:03d}Z"
