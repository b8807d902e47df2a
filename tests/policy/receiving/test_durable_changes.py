from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.receiving.durable_changes import change_between, merged

KEY = DurableKey(DEFAULT_CLIENT, "orders", "", "audit")
OFFSETS = st.integers(1, 12)


@st.composite
def states(draw: st.DrawFn, *, least: int = 0, epoch: str = "e") -> DurableState:
    """States as a track makes them: the offset above the floor is open, and what is settled has no tries."""
    floor = draw(st.integers(least, 9))
    settled = draw(st.sets(st.integers(floor + 2, floor + 6), max_size=4))
    open_ = draw(st.dictionaries(OFFSETS, st.integers(0, 3), max_size=4))
    attempts = {offset: count for offset, count in open_.items() if offset not in settled}
    return DurableState(KEY, epoch, floor, tuple(sorted(settled)), tuple(sorted(attempts.items())), floor)


def is_settled(state: DurableState, offset: int) -> bool:
    return offset in state.settled or (offset <= state.floor and offset not in dict(state.attempts))


def settled_in(state: DurableState) -> set[int]:
    return {offset for offset in range(1, 30) if is_settled(state, offset)}


@given(before=states(), data=st.data())
def test_what_changed_makes_the_one_of_the_other(before: DurableState, data: st.DataObject) -> None:
    after = data.draw(states(least=before.floor))
    assert merged(KEY, before, change_between(before, after)) == after


@given(before=states(), after=states())
def test_a_floor_that_falls_takes_back_what_is_above_it(before: DurableState, after: DurableState) -> None:
    assert settled_in(merged(KEY, before, change_between(before, after))) == settled_in(after)


@given(after=states())
def test_what_begins_is_told_whole(after: DurableState) -> None:
    change = change_between(None, after)
    assert change.whole
    assert merged(KEY, None, change) == after


@given(before=states(), mine=states(), theirs=states())
def test_what_either_settled_is_settled_in_any_order(
    before: DurableState, mine: DurableState, theirs: DurableState
) -> None:
    # of what nobody takes back
    mine, theirs = (merged(KEY, before, replace(change_between(None, each), reopened=())) for each in (mine, theirs))
    changes = [change_between(before, mine), change_between(before, theirs)]
    one = merged(KEY, merged(KEY, before, changes[0]), changes[1])
    other = merged(KEY, merged(KEY, before, changes[1]), changes[0])
    assert settled_in(one) == settled_in(other) == settled_in(mine) | settled_in(theirs)


@given(before=states(), after=states())
def test_a_change_that_comes_twice_is_no_harm(before: DurableState, after: DurableState) -> None:
    change = change_between(before, after)
    once = merged(KEY, before, change)
    assert merged(KEY, once, change) == once


@given(before=states(epoch="earlier"), after=states())
def test_another_epoch_begins_anew(before: DurableState, after: DurableState) -> None:
    change = change_between(before, after)
    assert (change.whole, change.before) == (True, "earlier")
    assert merged(KEY, before, change) == after


def test_what_others_settled_is_not_counted_any_more() -> None:
    before = DurableState(KEY, "e", 4)
    theirs = DurableState(KEY, "e", 6, (9,))
    mine = DurableState(KEY, "e", 4, (), ((6, 2), (9, 1), (10, 3)))
    both = merged(KEY, merged(KEY, before, change_between(before, theirs)), change_between(before, mine))
    assert both == DurableState(KEY, "e", 6, (9,), ((10, 3),))


def test_a_gap_of_a_million_is_one_run() -> None:
    before, after = DurableState(KEY, "e", 5), DurableState(KEY, "e", 1_000_000, (), ((500, 0),))
    change = change_between(before, after)
    assert (change.settled, change.reopened) == (((6, 1_000_000),), ((500, 500),))
    assert merged(KEY, before, change) == after
