"""How far a listener is: what it asks for after a drop, and what it takes for a repetition."""

from typing import Any

import pytest

from notifyctl.listening.places import Places
from notifyctl.values.positions import position


def publication(offset: int, epoch: str = "e") -> dict[str, Any]:
    return {"id": f"n_{offset}", "channel": "c", "epoch": epoch, "offset": offset}


def taken(places: Places, *offsets: int) -> None:
    for offset in offsets:
        places.taken(publication(offset))


def test_without_acks_it_resumes_behind_what_it_took():
    places = Places(["c"])
    taken(places, 1, 2, 3)
    assert places.asked("c") == position("e:3")


def test_with_acks_it_resumes_before_what_is_not_done():
    places = Places(["c"], ack=True)
    taken(places, 4, 5, 6)
    places.done(publication(5))
    assert places.asked("c") == position("e:3")
    assert [offset for offset in (4, 5, 6, 7) if places.seen(publication(offset))] == [5]
    places.done(publication(4))
    places.done(publication(6))
    assert places.asked("c") == position("e:6")


def test_before_a_drop_nothing_of_a_channel_is_a_repetition():
    places = Places(["c"], ack=True)
    taken(places, 4, 5)
    places.done(publication(4))
    assert not places.seen(publication(4)), "an operator may have had it dispatched again"


def test_a_name_remembers_what_is_done_elsewhere():
    places = Places(["c"], ack=True, durable="worker")
    taken(places, 4, 5)
    assert places.asked("c") == position("e:5")


def test_another_epoch_begins_anew():
    places = Places(["c"], ack=True)
    taken(places, 4, 5)
    places.taken(publication(1, "f"))
    places.done(publication(1, "f"))
    assert places.asked("c") == position("f:1")


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.listening.places._MOST_HELD", 2)
    places = Places(["c"], ack=True)
    taken(places, 1, 2, 3)
    assert places.asked("c") == position("e:1")


@pytest.mark.parametrize(("ack", "reached"), [(True, "e:1"), (False, "e:2")])
def test_an_inbox_with_acks_moves_when_something_is_done(ack: bool, reached: str):
    places = Places([], user="alice", ack=ack)
    for offset in (1, 2):
        places.taken({**publication(offset), "channel": None})
    places.done({**publication(1), "channel": None})
    assert places.inbox == position(reached)
