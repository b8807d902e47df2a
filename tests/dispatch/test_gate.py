from __future__ import annotations

from notifyd.dispatch.gate import Gate
from notifyd.policy.pushing.answers import RetryRules

RULES = RetryRules(max_attempts=3, retry_seconds=1, retry_max_seconds=60, max_retry_after_seconds=100)


def closed(gate: Gate, seconds: float, *, now: float) -> float:
    return gate.close(seconds, RULES, now=now, chance=1.0) - now


def test_an_open_gate_has_all_the_room_that_is_not_taken() -> None:
    gate = Gate()
    assert [gate.room(taken, 10, now=0) for taken in (0, 4, 10, 12)] == [10, 6, 0, 0]
    assert gate.seconds_left(now=0) == 0


def test_a_closed_gate_has_none_until_its_time() -> None:
    gate = Gate()
    closed(gate, 7, now=100)
    assert (gate.seconds_left(now=102), gate.room(0, 10, now=106.9)) == (5, 0)
    assert (gate.seconds_left(now=107), gate.room(0, 10, now=107)) == (0, 1)


def test_after_a_pause_one_goes_ahead_alone() -> None:
    gate = Gate()
    closed(gate, 1, now=0)
    assert [gate.room(taken, 10, now=2) for taken in (0, 1)] == [1, 0]
    gate.went_well(now=2)
    assert gate.room(1, 10, now=2) == 9


def test_an_answer_from_before_does_not_open_it() -> None:
    gate = Gate()
    closed(gate, 5, now=0)
    gate.went_well(now=1)
    assert (gate.room(0, 10, now=1), gate.room(0, 10, now=6)) == (0, 1)


def test_without_a_time_it_stays_closed_longer_each_time() -> None:
    gate = Gate()
    assert [closed(gate, 0, now=now) for now in (0, 10, 20, 30)] == [1, 2, 4, 8]
    gate.went_well(now=100)
    assert closed(gate, 0, now=100) == 1


def test_those_that_fail_together_close_it_once() -> None:
    gate = Gate()
    assert [closed(gate, 0, now=0) for _ in range(5)] == [1] * 5


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    gate = Gate()
    closed(gate, 60, now=0)
    closed(gate, 1, now=0)
    assert gate.seconds_left(now=0) == 60
