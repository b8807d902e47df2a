from __future__ import annotations

from notifyd.store.ports import Lane
from notifyd.store.redis.queue.shard import Shard
from tests.store.samples import HOUR, T0


def ready() -> Shard:
    shard = Shard(0)
    shard.lanes[Lane.LIVE].comes_up(0)
    return shard


def test_what_is_ready_is_asked_for() -> None:
    shard = ready()
    assert (shard.asks(Lane.LIVE, T0), shard.due_at(Lane.LIVE, T0)) == (True, T0)
    assert (shard.asks(Lane.PUSH, T0), shard.due_at(Lane.PUSH, T0)) == (False, None)


def test_one_whose_node_is_away_rests_for_a_second() -> None:
    shard = ready()
    shard.rest(T0)
    assert (shard.asks(Lane.LIVE, T0 + 999), shard.due_at(Lane.LIVE, T0 + 999)) == (False, T0 + 1000)
    assert (shard.asks(Lane.LIVE, T0 + 1000), shard.due_at(Lane.LIVE, T0 + 1000)) == (True, T0 + 1000)
    assert shard.due_at(Lane.PUSH, T0) is None


def test_one_whose_node_has_answered_is_awake() -> None:
    shard = ready()
    shard.rest(T0)
    shard.wake()
    assert shard.asks(Lane.LIVE, T0)


def test_a_clock_that_is_set_back_ends_the_rest() -> None:
    shard = ready()
    shard.rest(T0 + HOUR)
    assert shard.asks(Lane.LIVE, T0)
    assert shard.due_at(Lane.LIVE, T0) == T0
