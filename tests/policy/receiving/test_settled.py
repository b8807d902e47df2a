"""Which offsets a receiver is through with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifyd.policy.receiving.settled import Settled


def test_everything_up_to_the_floor_is_settled() -> None:
    assert 3 in Settled(3)
    assert 4 not in Settled(3)


def test_the_floor_rises_over_what_was_settled_out_of_order() -> None:
    settled = Settled(0)
    assert [settled.add(2), settled.add(1)] == [True, True]
    assert settled.floor == 2
    assert settled.above() == ()


def test_settling_twice_is_noticed() -> None:
    settled = Settled(1)
    settled.add(3)
    assert not settled.add(3)
    assert not settled.add(1)


def test_all_up_to_an_offset_counts_those_that_were_open() -> None:
    settled = Settled(0, above=(2,))
    assert settled.add_up_to(4) == 3
    assert settled.floor == 4
    assert settled.add_up_to(4) == 0


def test_what_stands_right_above_goes_under_the_floor_too() -> None:
    settled = Settled(0, above=(4, 6))
    settled.add_up_to(3)
    assert settled.floor == 4
    assert settled.above() == (6,)


def test_a_gap_is_skipped() -> None:
    settled = Settled(5)
    settled.skip(6, 9)
    assert settled.floor == 9


def test_a_gap_behind_something_open_is_skipped_above_it() -> None:
    settled = Settled(5)
    settled.skip(7, 8)
    assert settled.floor == 5
    assert settled.above() == (7, 8)


def test_what_was_reopened_is_open_until_it_is_settled_again() -> None:
    settled = Settled(5, above=(8,))
    settled.reopen(3)
    settled.reopen(8)
    assert 3 not in settled
    assert 8 not in settled
    assert settled.add(3)
    assert 3 in settled
    assert settled.reopened == set()


@given(st.lists(st.integers(1, 30)))
def test_it_is_a_set_of_offsets(offsets: list[int]) -> None:
    settled, model = Settled(0), set[int]()
    for offset in offsets:
        assert settled.add(offset) == (offset not in model)
        model.add(offset)
    assert [offset for offset in range(1, 40) if offset in settled] == sorted(model)
    assert settled.floor + 1 not in model
