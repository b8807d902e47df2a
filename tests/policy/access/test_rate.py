from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from notifyd.policy.access.rate import TokenBucket

TAKES = st.lists(st.tuples(st.floats(0, 60), st.integers(1, 12)), min_size=1, max_size=60)


def bucket(per_minute: int = 60, burst: int = 5) -> TokenBucket:
    return TokenBucket(per_minute=per_minute, burst=burst, now=0.0)


def test_a_full_bucket_gives_its_burst_and_no_more() -> None:
    full = bucket()
    assert [full.take(0.0).allowed for _ in range(6)] == [True] * 5 + [False]


def test_the_answer_tells_what_is_left_and_when_it_is_full_again() -> None:
    first = bucket().take(0.0, 2)
    assert (first.limit, first.remaining, first.reset_seconds, first.retry_after_seconds) == (5, 3, 2, 0.0)


def test_an_empty_bucket_tells_when_one_more_is_allowed() -> None:
    empty = bucket()
    empty.take(0.0, 5)
    refused = empty.take(0.25)
    assert (refused.allowed, refused.remaining, refused.retry_after_seconds) == (False, 0, 0.75)
    assert empty.take(1.0).allowed


def test_several_are_taken_all_or_none() -> None:
    some = bucket()
    some.take(0.0, 3)
    assert not some.take(0.0, 3).allowed
    assert some.take(0.0, 2).allowed


def test_more_than_the_burst_needs_a_full_bucket_and_is_paid_back() -> None:
    full = bucket()
    assert full.take(0.0, 8).allowed
    assert not full.take(3.5).allowed
    assert full.take(4.0).allowed
    assert not full.take(4.0, 8).allowed


def test_it_may_be_forgotten_once_it_is_full() -> None:
    used = bucket()
    assert used.full(0.0)
    used.take(0.0, 2)
    assert not used.full(1.9)
    assert used.full(2.0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    empty = bucket()
    empty.take(10.0, 5)
    assert not empty.take(5.0).allowed
    assert not empty.take(10.0).allowed


@given(TAKES, st.integers(1, 600), st.integers(1, 10))
def test_it_never_gives_more_than_its_rate(takes: list[tuple[float, int]], per_minute: int, burst: int) -> None:
    tested, now, taken = bucket(per_minute, burst), 0.0, 0
    for pause, count in takes:
        now += pause
        if tested.take(now, count).allowed:
            taken += count
            # More than the burst at once is an advance on what comes.
            assert taken <= burst + now * per_minute / 60 + max(0, count - burst) + 1e-6


@given(TAKES, st.integers(1, 600), st.integers(1, 10))
def test_who_waits_as_told_is_let_in(takes: list[tuple[float, int]], per_minute: int, burst: int) -> None:
    tested, now = bucket(per_minute, burst), 0.0
    for pause, count in takes:
        now += pause
        answer = tested.take(now, count)
        assert answer.reset_seconds >= math.floor(answer.retry_after_seconds)
        if not answer.allowed:
            now += answer.retry_after_seconds + 1e-6
            assert tested.take(now, count).allowed
