"""Histograms: what falls where, and that they stay bounded."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from notifyd.telemetry.histogram import COUNTS, LONG, MOST_CHILDREN, QUICK, Histogram, HistogramFamily


def test_a_bound_belongs_to_its_bucket() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.0, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert histogram.cumulative() == [("1", 2), ("2", 4), ("+Inf", 5)]
    assert histogram.total == 7.0


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 1000)), max_size=30), st.sampled_from([QUICK, LONG, COUNTS])
)
def test_nothing_is_lost(values: list[tuple[float, int]], bounds: tuple[float, ...]) -> None:
    histogram = Histogram(bounds)
    for value, count in values:
        histogram.observe(value, count)
    rows = histogram.cumulative()
    assert rows[-1] == ("+Inf", sum(count for _, count in values))
    for name, sofar in rows:
        assert sofar == sum(count for value, count in values if value <= float(name))
    assert math.isclose(histogram.total, math.fsum(value * count for value, count in values))


def test_a_clock_that_was_set_back_counts_as_nothing() -> None:
    histogram = Histogram()
    histogram.observe(-5.0)
    assert (histogram.counts[0], histogram.total) == (1, 0.0)


def test_a_family_has_one_for_each_value() -> None:
    family = HistogramFamily("route", "status")
    family.of("/a", "2xx").observe(0.1)
    family.of("/a", "2xx").observe(0.1)
    family.of("/b", "5xx").observe(0.1)
    assert {values: sum(histogram.counts) for values, histogram in family} == {("/a", "2xx"): 2, ("/b", "5xx"): 1}


def test_a_family_does_not_grow_without_bound() -> None:
    family = HistogramFamily("route")
    for number in range(2 * MOST_CHILDREN):
        family.of(str(number)).observe(0.1)
    children = dict(family)
    assert len(children) == MOST_CHILDREN + 1
    assert sum(children["other",].counts) == MOST_CHILDREN
