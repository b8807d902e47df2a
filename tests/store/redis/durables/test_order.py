"""Whatever of Redis's answers and messages comes first, no node goes back behind what it has known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from msgspec.structs import replace

from tests.redislink.waiting import until
from tests.store.redis.durables.slowly import KEY, NEW, slow_nodes
from tests.store.samples import T0

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from tests.store.redis.durables.slowly import SlowDurables

LATER = replace(NEW, floor=11)


async def between_two_looks(node: SlowDurables) -> None:
    """Have one found, while another, which was due before that, is under way."""
    node.looks.shut()
    node.attend(KEY)
    await until(lambda: len(node.lives) == 1 and len(node.looks) > 0)
    # as when the topic is confirmed now
    node.mirror.look_again()
    # a second one that does not wait for the first would be there by then
    for _ in range(3):
        await node.refresh()
    node.looks.let_one()
    await until(lambda: node.mirror.ready and len(node.looks) > 0)


async def test_a_look_that_is_overtaken_counts_for_nothing(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        await between_two_looks(other)
        await one.put(LATER, now=T0).wait()
        await other.have_heard("d", one)
        other.looks.open()
        assert await other.at_hand() == LATER


async def test_a_look_that_is_overtaken_brings_nothing_back(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        await between_two_looks(other)
        assert await one.remove(KEY)
        await other.have_heard("r", one)
        other.looks.open()
        assert await other.at_hand() is None


async def test_what_is_told_while_another_look_begins_is_kept(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        await between_two_looks(other)
        await other.put(LATER, now=T0).wait()
        other.looks.open()
        assert await other.at_hand() == LATER


async def test_what_another_settled_before_it_was_removed_is_gone(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        assert await one.at_hand() == await other.at_hand() == NEW
        one.news.shut()
        await other.put(LATER, now=T0).wait()
        assert await one.remove(KEY)
        await one.have_heard("r", one)
        while len(one.news):
            one.news.let_one()
            assert one.find(KEY) is None
        assert await one.at_hand() is None


@pytest.mark.parametrize("looked", [True, False])
async def test_a_removal_that_is_told_late_leaves_what_was_made_anew(
    redis_options: RedisOptions, *, looked: bool
) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        assert await one.at_hand() == await other.at_hand() == NEW
        other.news.shut()
        assert await one.remove(KEY)
        fresh = replace(NEW, floor=1)
        await one.put(fresh, now=T0).wait()
        await until(lambda: len(other.news) >= 2)
        if looked:
            other.mirror.look_again()
            await until(lambda: other.mirror.current)
            assert other.find(KEY) == fresh
        other.news.let_one()
        assert other.find(KEY) == (fresh if looked else None)
        other.news.open()
        assert await other.at_hand() == fresh


async def test_what_another_made_before_the_removal_was_answered_is_there(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        assert await one.at_hand() == await other.at_hand() == NEW
        one.answers.shut()
        fresh = replace(NEW, floor=1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.remove, KEY)
            await until(lambda: len(one.answers) == 1 and other.find(KEY) is None)
            await other.put(fresh, now=T0).wait()
            await one.have_heard("d", other)
            assert one.find(KEY) is None
            one.answers.open()
        assert await one.at_hand() == fresh


async def test_one_that_is_removed_twice_is_gone(redis_options: RedisOptions) -> None:
    async with slow_nodes(redis_options) as (one, other):
        await one.put(NEW, now=T0).wait()
        assert await one.at_hand() == await other.at_hand() == NEW
        one.answers.shut()
        async with trio.open_nursery() as nursery:
            # what comes while this one is told goes together
            one.put(replace(NEW, key=replace(KEY, name="another")), now=T0)
            await until(lambda: len(one.answers) == 1)
            nursery.start_soon(one.remove, KEY)
            await until(lambda: one.find(KEY) is None)
            one.put(replace(NEW, floor=1), now=T0)
            one.answers.let_one()
            await until(lambda: len(one.answers) == 2)
            nursery.start_soon(one.remove, KEY)
            await until(lambda: one.find(KEY) is None)
            one.answers.open()
        assert [state.key.name for state in await other.states()] == ["another"]
        await until(lambda: one.find(KEY) is other.find(KEY) is None)
