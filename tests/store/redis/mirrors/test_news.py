from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import Kind
from notifyd.model.publication import Publication
from tests.store.redis.history.streaming import nodes
from tests.store.samples import for_users, notification

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions


async def test_what_the_hub_does_not_take_stays_in_redis(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2, max_waiting=10) as (one, slow):
        await slow.attend()
        published = await one.publish(*["orders"] * 10)
        while not slow.news.full():
            await trio.lowlevel.checkpoint()
        for _ in range(30):
            published += await one.publish(*["orders"] * 5)
        # what is not taken yet cannot be read either: readers get what follows as news
        assert slow.history.position(DEFAULT_CLIENT, "orders").offset < 160
        assert await slow.get(160) == published
        assert slow.history.position(DEFAULT_CLIENT, "orders").offset == 160


async def test_one_for_users_is_news_where_it_names_connections_alone(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        await node.attend("")
        named = for_users("anna", connections=["c1"])
        live = notification("", kind=Kind.BROADCAST)
        await node.stamp([for_users("anna"), named, live])
        news = await node.get(2)
        assert [each.notification for each in news if isinstance(each, Publication)] == [named, live]


async def test_as_many_are_there_for_one_as_it_names(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        node.news.present(DEFAULT_CLIENT, "", UserId(""), 5)
        to_one = notification("", kind=Kind.CONNECTIONS, connections=["c1"])
        published = await node.stamp([to_one, notification("", kind=Kind.BROADCAST), notification("empty")])
        assert node.news.audience(published) == [1, 5, 0]
