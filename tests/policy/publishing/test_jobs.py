"""When jobs are taken, and tried again."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyd.policy.publishing.jobs import Gate, retry_delay_ms


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (None, [0, 0, 0]),
        (250, [250, 250, 250]),
        ({"type": "fixed", "delay": 300}, [300, 300, 300]),
        ({"type": "exponential", "delay": 200}, [200, 400, 800]),
        ({"type": "of-their-own", "delay": 70}, [70, 70, 70]),
        ({"type": "exponential"}, [0, 0, 0]),
        (math.inf, [0, 0, 0]),
        ({"type": "fixed", "delay": -5}, [0, 0, 0]),
        ({"type": "fixed", "delay": True}, [0, 0, 0]),
        ("soon", [0, 0, 0]),
    ],
)
def test_the_wait_after_each_try(backoff: Any, waits: list[int]) -> None:
    assert [retry_delay_ms(backoff, tries, chance=0.7) for tries in (1, 2, 3)] == waits


def test_jitter_takes_up_to_its_part_off() -> None:
    backoff = {"type": "exponential", "delay": 100, "jitter": 0.5}
    assert [retry_delay_ms(backoff, 2, chance=chance) for chance in (0.0, 0.5, 1.0)] == [100, 150, 200]
    assert retry_delay_ms({"type": "fixed", "delay": 100, "jitter": 7}, 1, chance=0.25) == 25


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["type", "delay", "jitter"]), inner),
    ),
    st.integers(1, 10_000),
)
def test_whatever_stands_there_is_a_wait(backoff: Any, tries: int) -> None:
    assert 0 <= retry_delay_ms(backoff, tries, chance=0.5) <= 2**40


def test_all_is_well() -> None:
    assert Gate(50).permits(0.0, failing=False) == 50


def test_after_a_refusal_one_finds_out() -> None:
    gate = Gate(50)
    gate.refuse(10.0, 1.0)
    gate.accept(10.5)  # submitted before
    assert [gate.permits(now, failing=False) for now in (10.0, 10.9, 11.0, 99.0)] == [0, 0, 1, 1]
    gate.accept(11.5)
    assert gate.permits(11.5, failing=False) == 50


def test_a_shorter_refusal_does_not_open_it() -> None:
    gate = Gate(50)
    gate.refuse(10.0, 5.0)
    gate.refuse(10.0, 1.0)
    assert gate.permits(14.0, failing=False) == 0


def test_while_the_broker_fails_nothing_is_taken_and_then_one() -> None:
    gate = Gate(50)
    assert [gate.permits(0.0, failing=failing) for failing in (True, False)] == [0, 1]


def test_draining_is_for_good() -> None:
    gate = Gate(50)
    gate.draining = True
    gate.accept(1.0)
    assert gate.permits(1.0, failing=False) == 0
