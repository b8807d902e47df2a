from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio
from msgspec.structs import replace

from notifyd.errors import StoreUnavailable
from notifyd.model.durable import DurableKey, DurableState
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.receiving.durable_changes import change_between, merged
from notifyd.redislink.scripts import load_script
from notifyd.store.options import DurableLimits
from notifyd.store.redis.durables.durables import RedisDurables
from notifyd.store.redis.durables.mirror import state_in
from tests.store.redis.history.streaming import Node, nodes
from tests.store.samples import T0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.redislink.link import Link
    from notifyd.redislink.options import RedisOptions
    from tests.valkey import Valkey

KEY = DurableKey(DEFAULT_CLIENT, "orders", "", "audit")
NEW = DurableState(KEY, "e", 10, (), (), T0)


class Told:
    """The durable subscriptions of a node, and whoever uses them there."""

    def __init__(self, node: Node) -> None:
        self.durables = RedisDurables(node.link, node.mirrors, DurableLimits(), clock=lambda: T0)
        self.durables.changed = self._take
        self._states: list[DurableState] = []
        self._bell = trio.Event()

    def _take(self, state: DurableState) -> None:
        self._states.append(state)
        self._bell.set()

    async def until(self, state: DurableState) -> None:
        while state not in self._states:
            self._bell = trio.Event()
            await self._bell.wait()

    async def attend(self) -> DurableState | None:
        attendance = self.durables.attend(KEY)
        if attendance is not None:
            await attendance.wait()
        return self.durables.find(KEY)

    async def put(self, state: DurableState) -> None:
        await self.durables.put(state, now=T0).wait()


@asynccontextmanager
async def two(options: RedisOptions) -> AsyncIterator[tuple[Told, Told]]:
    async with nodes(options, 2) as opened, trio.open_nursery() as nursery:
        pair = (Told(opened[0]), Told(opened[1]))
        for each in pair:
            nursery.start_soon(each.durables.run)
        yield pair
        nursery.cancel_scope.cancel()


async def test_what_one_node_settles_counts_on_the_other(redis_options: RedisOptions) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        assert await other.attend() == NEW
        mine, theirs = replace(NEW, floor=11, settled=(13,)), replace(NEW, settled=(12,), attempts=((15, 2),))
        both = replace(NEW, floor=13, attempts=((15, 2),))
        one.durables.put(mine, now=T0)
        other.durables.put(theirs, now=T0)
        await one.until(both)
        await other.until(both)
        assert one.durables.find(KEY) == other.durables.find(KEY) == both


async def test_what_is_settled_while_it_is_being_read_stays_settled(
    redis_options: RedisOptions, valkey: Valkey
) -> None:
    async with two(redis_options) as (one, other):
        keys = [replace(KEY, name=f"audit{n}") for n in range(40)]
        before = []
        for key in keys:
            await other.durables.put(replace(NEW, key=key), now=T0).wait()
            attendance = one.durables.attend(key)
            assert attendance is not None
            before.append(attendance)

        async def settle(key: DurableKey) -> None:
            for floor in range(11, 31):
                state = one.durables.find(key)
                assert state is not None
                assert state.floor == floor - 1
                await one.durables.put(replace(state, floor=floor), now=T0).wait()

        for attendance in before:
            await attendance.wait()
        async with trio.open_nursery() as nursery:
            for key in keys:
                nursery.start_soon(settle, key)
            for _ in range(20):
                valkey.call("CLIENT", "KILL", "TYPE", "pubsub")
                for _ in range(10):
                    await one.durables.refresh()


async def test_what_one_node_takes_back_is_taken_back_on_the_other(redis_options: RedisOptions) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        await other.attend()
        reopened = replace(NEW, attempts=((7, 0),))
        await one.put(reopened)
        await other.until(reopened)
        # settled there, by somebody who knew that it was open
        await other.put(NEW)
        await one.until(NEW)


async def test_another_epoch_counts_from_the_one_that_has_seen_it_first(redis_options: RedisOptions) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        await other.attend()
        newer = DurableState(KEY, "f", 3, (), (), T0)
        await one.put(newer)
        await other.until(newer)
        assert await other.durables.states() == [newer]


async def test_what_is_not_at_hand_takes_nothing_back(redis_options: RedisOptions) -> None:
    async with two(redis_options) as (one, other):
        await one.put(replace(NEW, settled=(13,)))
        with pytest.raises(StoreUnavailable, match="not at hand"):
            other.durables.find(KEY)
        await other.put(replace(NEW, floor=11))
        both = replace(NEW, floor=11, settled=(13,))
        assert await other.attend() == both
        assert await other.durables.states() == [both]


async def test_one_that_was_removed_is_gone_on_the_other(redis_options: RedisOptions) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        await other.attend()
        assert await one.durables.remove(KEY)
        while other.durables.find(KEY) is not None:
            await trio.lowlevel.checkpoint()
        fresh = replace(NEW, floor=1)
        await other.put(fresh)
        assert await one.durables.states() == [fresh]


async def test_what_redis_lost_is_told_whole(redis_options: RedisOptions, valkey: Valkey) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        for key in valkey.call("KEYS", f"{redis_options.prefix}:*"):
            valkey.call("DEL", key)
        await one.put(replace(NEW, floor=12))
        assert await other.attend() == replace(NEW, floor=12)
        assert await other.durables.states() == [replace(NEW, floor=12)]


async def test_a_change_that_was_missed_is_read(redis_options: RedisOptions, valkey: Valkey) -> None:
    async with two(redis_options) as (one, other):
        await one.put(NEW)
        await other.attend()
        for floor in range(11, 16):
            valkey.call("CLIENT", "KILL", "TYPE", "pubsub")
            await one.put(replace(NEW, floor=floor))
        await other.until(replace(NEW, floor=15))


def made_up(dice: random.Random, least: int) -> DurableState:
    floor = least + dice.randrange(3)
    above = {floor + 2 + dice.randrange(6) for _ in range(dice.randrange(4))}
    open_ = {1 + dice.randrange(floor + 9): dice.randrange(3) for _ in range(dice.randrange(4))}
    attempts = {offset: count for offset, count in open_.items() if offset not in above}
    return DurableState(KEY, "e", floor, tuple(sorted(above)), tuple(sorted(attempts.items())), T0)


async def test_redis_merges_as_nodes_do(link: Link) -> None:
    dice = random.Random(7)
    line, script = link.line("test"), load_script("notifyd.store.redis.durables", "put")
    name, topic = link.keys.durable(DEFAULT_CLIENT, "orders", "", "audit")
    known: DurableState | None = None
    seen: DurableState | None = None
    for step in range(120):
        state = made_up(dice, step // 4)
        # now and then by somebody who knows nothing of the others
        change = change_between(seen if dice.random() < 0.7 else known, state)
        known, seen = merged(KEY, known, change), state
        assert await line.script(script, [name], (topic, "n", msgspec.json.encode(change))).wait() > 0
        answer = await line.send("HGETALL", name).wait()
        assert state_in(KEY, answer) == known
