from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifyd.policy.occupancy import Occupancy


def test_coming_is_told_at_once() -> None:
    assert Occupancy[str](10).came("ann")


def test_going_is_told_after_a_while() -> None:
    watch = Occupancy[str](10)
    watch.went("ann", now=5)
    assert watch.next_deadline() == 15
    assert watch.gone(now=14.9) == []
    assert watch.gone(now=15) == ["ann"]
    assert (watch.gone(now=99), watch.next_deadline(), len(watch)) == ([], None, 0)


def test_who_is_back_in_time_was_never_gone() -> None:
    watch = Occupancy[str](10)
    watch.went("ann", now=0)
    assert not watch.came("ann")
    assert watch.gone(now=99) == []


def test_who_is_back_too_late_has_come_anew() -> None:
    watch = Occupancy[str](10)
    watch.went("ann", now=0)
    watch.gone(now=10)
    assert watch.came("ann")


def test_the_while_begins_anew_with_each_going() -> None:
    watch = Occupancy[str](10)
    watch.went("ann", now=0)
    watch.went("bob", now=1)
    watch.came("ann")
    watch.went("ann", now=8)
    assert watch.gone(now=11) == ["bob"]
    assert watch.next_deadline() == 18


def test_another_while_counts_for_those_who_are_leaving_too() -> None:
    watch = Occupancy[str](10)
    watch.went("ann", now=0)
    watch.grace_seconds = 2
    assert watch.next_deadline() == 2
    assert watch.gone(now=2) == ["ann"]


def test_without_a_while_going_is_told_at_once() -> None:
    watch = Occupancy[str](0)
    watch.went("ann", now=3)
    assert watch.gone(now=3) == ["ann"]


def test_too_many_are_told_before_their_time() -> None:
    watch = Occupancy[int](10, limit=2)
    for number in range(4):
        watch.went(number, now=number)
    assert watch.next_deadline() == 0
    assert watch.gone(now=4) == [0, 1]
    assert len(watch) == 2


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 8))))
def test_what_is_told_takes_turns(steps: list[tuple[str, bool, int]]) -> None:
    """Nobody comes twice without going, nor goes without having come; in the end all are told as they are."""
    watch = Occupancy[str](5)
    now = 0
    there: set[str] = set()
    told: dict[str, list[str]] = {"a": [], "b": []}
    for key, comes, seconds in steps:
        now += seconds
        for each in watch.gone(now=now):
            told[each].append("gone")
        if comes and key not in there:
            there.add(key)
            if watch.came(key):
                told[key].append("came")
        elif not comes and key in there:
            there.discard(key)
            watch.went(key, now=now)
    for each in watch.gone(now=now + 5):
        told[each].append("gone")
    for key, words in told.items():
        assert words == ["came", "gone"] * (len(words) // 2) + ["came"] * (len(words) % 2)
        assert (words[-1:] == ["came"]) == (key in there)
