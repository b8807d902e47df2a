"""Since when things are as they are."""

from __future__ import annotations

from notifyd.service.turns import Turns


def test_it_is_since_the_first_look_that_saw_it() -> None:
    turns = Turns()
    looks = [(True, 5), (True, 6), (False, 7), (False, 9), (True, 10)]
    assert [turns.since("broker", state, now=now) for state, now in looks] == [5, 5, 7, 7, 10]
    assert turns.since("records", True, now=11) == 11
