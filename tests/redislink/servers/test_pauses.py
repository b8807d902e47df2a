from __future__ import annotations

import pytest

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import unavailable
from notifyd.redislink.servers.pauses import Pauses
from notifyd.redislink.url import Endpoint

HERE, THERE = Endpoint("here", 1), Endpoint("there", 1)


def refuse() -> None:
    raise unavailable("nobody is there")


def test_who_could_not_be_reached_is_left_alone_for_a_while_and_nobody_else() -> None:
    pauses = Pauses(times=0)
    with pytest.raises(StoreUnavailable, match="nobody is there"):
        pauses.attempt(HERE, refuse)
    with pytest.raises(StoreUnavailable, match="nobody is there"):
        pauses.attempt(HERE, lambda: "not tried")
    assert pauses.attempt(THERE, lambda: "tried") == "tried"
    assert pauses.servers == [HERE]
    pauses.keep([THERE])
    assert pauses.servers == []
    assert pauses.attempt(HERE, lambda: "tried") == "tried"


def test_who_held_the_others_up_is_left_alone_for_longer() -> None:
    instants = iter([0.0, 0.4, 1.9, 2.5, 2.6, 4.0, 7.1, 7.2])
    pauses = Pauses(times=5, clock=lambda: next(instants))
    # tried from 0.0 to 0.4, asked for at 1.9, tried from 2.5 to 2.6
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            pauses.attempt(HERE, refuse)
    # at 4.0
    assert pauses.attempt(HERE, lambda: "tried") == "tried"
    # tried from 7.1 to 7.2, and never for so long that it would be missed
    with pytest.raises(StoreUnavailable):
        pauses.attempt(HERE, refuse)
    assert not list(instants)


def test_no_pause_is_long() -> None:
    instants = iter([0.0, 60.0, 63.1, 63.1])
    pauses = Pauses(times=5, clock=lambda: next(instants))
    with pytest.raises(StoreUnavailable):
        pauses.attempt(HERE, refuse)
    assert pauses.attempt(HERE, lambda: "tried") == "tried"
