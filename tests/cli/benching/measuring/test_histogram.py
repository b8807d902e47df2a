"""The histogram of latencies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifyctl.benching.measuring.histogram import Histogram

LENGTHS = st.lists(st.floats(min_value=0, max_value=60_000), min_size=1, max_size=200)


def of(lengths: list[float]) -> Histogram:
    made = Histogram()
    for length in lengths:
        made.record(length)
    return made


@given(LENGTHS, st.sampled_from([0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0]))
def test_a_percentile_is_never_below_the_truth_and_hardly_above(lengths: list[float], percent: float):
    true = sorted(lengths)[max(1, math.ceil(len(lengths) * percent / 100)) - 1]
    said = of(lengths).percentile(percent)
    assert said is not None
    # what is recorded is whole microseconds, which cuts off the rest
    assert true - 1e-6 <= said <= true * (1 + 1 / 128) + 1e-6


@given(LENGTHS)
def test_the_ends_and_the_mean_are_exact(lengths: list[float]):
    made = of(lengths)
    assert made.most == pytest.approx(max(lengths), abs=1e-6)
    assert made.least == pytest.approx(min(lengths), abs=1e-6)
    assert made.mean == pytest.approx(sum(lengths) / len(lengths), abs=1e-6)
    assert made.percentile(100) == made.most


def test_an_empty_one_says_nothing():
    made = Histogram()
    assert (made.percentile(99), made.least, made.most, made.mean) == (None, None, None, None)


def test_what_is_out_of_range_counts_as_its_end():
    made = of([-1.0, 10.0**9])
    assert made.count == 2
    assert made.least == 0
    assert made.most == pytest.approx(68_719, abs=1)
