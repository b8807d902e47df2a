"""How full the queue is, as far as a node knows."""

from __future__ import annotations

import pytest

from notifyd.errors import QueueFull
from notifyd.store.options import QueueLimits
from notifyd.store.redis.queue.room import Load, Room


def test_what_is_on_its_way_counts() -> None:
    room = Room(2, QueueLimits(max_size=3))
    room.learn(0, 1, 10)
    room.set_out(Load(1, 10))
    room.check(Load(1, 10))
    with pytest.raises(QueueFull, match="2 of 3 notifications"):
        room.check(Load(2, 20))
    room.arrived(Load(1, 10))
    room.check(Load(2, 20))


def test_bytes_are_bounded_too() -> None:
    room = Room(2, QueueLimits(max_bytes=100))
    room.learn(1, 1, 90)
    with pytest.raises(QueueFull, match="90 of 100 bytes"):
        room.check(Load(1, 11))


def test_a_shard_may_hold_what_the_others_leave() -> None:
    room = Room(3, QueueLimits(max_size=10, max_bytes=1000))
    for shard, load in enumerate([(1, 100), (2, 200), (3, 300)]):
        room.learn(shard, *load)
    room.learn(2, 4, 400)
    assert room.held == (7, 700)
    assert room.left_to(0) == (4, 400)


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    room = Room(2, QueueLimits(max_size=3))
    told = room.told(0)
    room.learn(0, 1, 10)
    room.learn_unless_told(told, 0, 0, 0)
    assert room.held == (1, 10)
    room.learn_unless_told(room.told(0), 0, 2, 20)
    assert room.held == (2, 20)
