from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifyd.clock import iso_ms, ms_of, now_ms


def test_an_instant_is_written_with_milliseconds() -> None:
    assert iso_ms(0) == "1970-01-01T00:00:00.000Z"
    assert iso_ms(1_769_774_400_007) == "2026-01-30T12:00:00.007Z"


@given(st.integers(0, 253_402_300_799_999))
def test_what_is_written_reads_back(instant: int) -> None:
    read = datetime.fromisoformat(iso_ms(instant))
    assert read == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    assert ms_of(read) == instant


def test_now_is_the_wall_clock() -> None:
    before = time.time()
    assert before * 1000 - 1 <= now_ms() <= time.time() * 1000 + 1
