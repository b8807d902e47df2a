"""Inboxes and dead letters where each key has its own node of a Redis Cluster."""

from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.redislink.options import RedisOptions
from tests.redislink.waiting import until
from tests.store.redis.inbox.boxes import ANNA, nodes
from tests.store.redis.letters.test_dead_letters import made
from tests.store.redis.letters.test_dead_letters import nodes as letter_nodes
from tests.store.samples import for_users
from tests.valkey_groups import running_cluster


@pytest.mark.slow
async def test_inboxes_are_the_same_over_a_cluster() -> None:
    with running_cluster() as cluster:
        async with nodes(RedisOptions(url=cluster.url), 2, max_notifications=20) as (book, (one, two)):
            users = [ANNA, *[f"user{number}" for number in range(30)]]
            await two.attend(ANNA)
            placed = await one.publish(*[for_users(*users[:16]) for _ in range(25)], for_users(*users))
            mine = [each for each in placed if each.user_id == ANNA]
            assert await two.get(26) == [*mine[:-1], two.since().publications[-1]]
            assert two.kept() == [each.notification.id for each in mine[6:]]
            assert len(book.ends) == 16 * 6
            assert two.advance(10) == 4
            await two.inbox.written().wait()
            await one.attend(ANNA)
            assert one.cursor() == 10
            assert one.inbox.give_up(DEFAULT_CLIENT, ANNA, one.at(11))
            await until(lambda: len(two.kept()) == 15)
            await one.inbox.refresh()
            assert one.inbox.usage()[:2] == (31, 16 * 20 + 15)
            assert len(await two.inbox.inboxes(prefix="user")) == 30
            assert await two.inbox.forget(DEFAULT_CLIENT) == 31


@pytest.mark.slow
async def test_dead_letters_are_one_list_over_a_cluster() -> None:
    with running_cluster() as cluster:
        async with letter_nodes(RedisOptions(url=cluster.url), 2, max_count=50) as (one, two):
            letters = made(60)
            await one.keep(*letters)
            assert await two.listed() == [each.id for each in reversed(letters[10:])]
            (pending,) = two.letters.requeue([letters[20]], [letters[20].notification], now=0)
            assert (await pending.result()).id == letters[20].notification.id
            assert await two.letters.remove([letters[30].id, letters[31].id]) == [letters[30].id, letters[31].id]
            await one.letters.upkeep()
            assert one.letters.usage()[0] == 47
