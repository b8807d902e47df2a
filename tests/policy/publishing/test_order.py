from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifyd.model.notification import MAX_PRIORITY, MIN_PRIORITY
from notifyd.policy.publishing.order import order_key

INSTANTS = st.integers(0, 1 << 47)
PRIORITIES = st.integers(MIN_PRIORITY, MAX_PRIORITY)
AGEINGS = st.integers(0, 86_400_000)


def test_a_step_of_priority_is_worth_the_ageing() -> None:
    assert order_key(100_000, 6, 60_000) == order_key(160_000, 7, 60_000)


def test_an_urgent_one_overtakes_until_the_other_has_waited_long_enough() -> None:
    waiting = order_key(0, 1, 1000)
    assert order_key(8_999, 10, 1000) < waiting < order_key(9_001, 10, 1000)


@given(INSTANTS, INSTANTS, PRIORITIES, AGEINGS)
def test_within_a_priority_the_due_time_decides(one: int, other: int, priority: int, ageing: int) -> None:
    assert (order_key(one, priority, ageing) < order_key(other, priority, ageing)) == (one < other)


@given(INSTANTS, INSTANTS, PRIORITIES, PRIORITIES)
def test_strict_order_asks_for_the_priority_first(one: int, other: int, high: int, low: int) -> None:
    if high > low:
        assert order_key(one, high, 0) < order_key(other, low, 0)


@given(INSTANTS, PRIORITIES, PRIORITIES, AGEINGS)
def test_at_one_instant_the_more_urgent_goes_first(instant: int, high: int, low: int, ageing: int) -> None:
    if high > low:
        assert order_key(instant, high, ageing) < order_key(instant, low, ageing)


@given(PRIORITIES, PRIORITIES, st.integers(1, 86_400_000))
def test_nothing_starves(patient: int, urgent: int, ageing: int) -> None:
    overtaken_until = (MAX_PRIORITY - MIN_PRIORITY) * ageing
    assert order_key(0, patient, ageing) <= order_key(overtaken_until, urgent, ageing)
