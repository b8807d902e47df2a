from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.model.restarted import Restarted
from notifyd.store.history_ports import StreamsUnavailable
from notifyd.store.ports import Lease, Outcome
from tests.store.redis.history.streaming import nodes
from tests.store.samples import T0, notification, offsets

if TYPE_CHECKING:
    from notifyd.redislink.options import RedisOptions
    from tests.valkey import Valkey


async def test_what_one_node_stamps_is_news_of_all_that_attend(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        await one.attend()
        await two.attend()
        published = await one.publish("orders", "other", "orders")
        assert offsets(published) == [1, 1, 2]
        assert await one.get(2) == [published[0], published[2]]
        assert await two.get(2) == [published[0], published[2]]
        for node in (one, two):
            assert node.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=T0).publications == published[::2]


async def test_who_attends_late_has_all_that_is_kept_and_no_news_of_it(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        published = await one.publish(*["orders"] * 1200)
        await two.attend()
        at = StreamPosition(published[0].epoch, 0)
        assert two.history.since(DEFAULT_CLIENT, "orders", at, now=T0).publications == published
        again = await one.publish("orders")
        assert await two.get(1) == again


async def test_what_was_stamped_keeps_its_place(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        await node.attend()
        waiting = [notification(), notification()]
        first = await node.stamp(waiting)
        assert await node.stamp([*waiting, notification()]) == [*first, *(await node.get(3))[2:]]
        # until it is over: who puts it back means another place
        node.history.settled([Outcome(Lease(waiting[0], 0, 1), State.DISPATCHED)])
        assert offsets(await node.stamp(waiting)) == [4, 2]


async def test_a_stream_that_somebody_else_wrote_into_is_away_and_no_other(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        foreign = node.link.keys.stream(DEFAULT_CLIENT, "foreign").meta
        await node.link.line("test").send("SET", foreign, "mine").wait()
        waiting = [notification(channel) for channel in ("orders", "foreign", "news")]
        for batch in (waiting, waiting[1:2]):
            with pytest.raises(StreamsUnavailable) as caught:
                await node.stamp(batch)
            assert caught.value.streams == {(DEFAULT_CLIENT, "foreign")}
        first = await node.stamp([waiting[0], waiting[2], notification("orders")])
        assert offsets(first) == [1, 1, 2]
        await node.link.line("test").send("DEL", foreign).wait()
        assert offsets(await node.stamp(waiting)) == [1, 1, 1]


async def test_who_does_not_own_the_shard_any_more_stamps_nothing(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        await one.publish("orders", fence=2)
        with pytest.raises(StoreUnavailable, match="another node"):
            await two.publish("orders", fence=1)
        assert offsets(await two.publish("orders", fence=3)) == [2]


async def test_what_was_given_up_is_left_out_on_every_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 3) as (one, two, late):
        for node in (one, two):
            await node.attend()
        bad = notification()
        published = await one.stamp([notification(), bad, notification()])
        await two.get(3)
        one.history.settled([Outcome(Lease(bad, 0, 1), State.DEAD)])
        published += await one.publish("orders")
        await two.get(1)
        at = StreamPosition(published[0].epoch, 0)
        await late.attend()
        for node in (one, two, late):
            history = node.history.since(DEFAULT_CLIENT, "orders", at, now=T0)
            while not history.skipped:
                await trio.lowlevel.checkpoint()
                history = node.history.since(DEFAULT_CLIENT, "orders", at, now=T0)
            assert (offsets(history.publications), history.skipped, history.recovered) == ([1, 3, 4], 1, True)


async def test_a_stream_that_was_lost_restarts_on_every_node(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        await two.attend()
        (before,) = await one.publish("orders")
        await two.get(1)
        names = one.link.keys.stream(DEFAULT_CLIENT, "orders")
        await one.link.line("test").send("DEL", names.meta, names.stream, names.sizes, names.places).wait()
        (after,) = await one.publish("orders")
        assert (after.offset, after.epoch != before.epoch) == (1, True)
        assert await two.get(2) == [Restarted(DEFAULT_CLIENT, "orders"), after]
        assert two.history.position(DEFAULT_CLIENT, "orders") == StreamPosition(after.epoch, 1)


async def test_a_server_that_lost_what_it_confirmed_begins_anew(redis_options: RedisOptions, valkey: Valkey) -> None:
    async with nodes(redis_options) as (node,):
        await node.attend()
        (first, _) = await node.publish("orders", "orders")
        names = node.link.keys.stream(DEFAULT_CLIENT, "orders")
        await node.link.line("test").send("HSET", names.meta, "head", 1).wait()
        # it looks whenever it may have missed something
        valkey.call("CLIENT", "KILL", "TYPE", "pubsub")
        news = await node.get(3)
        assert news[2] == Restarted(DEFAULT_CLIENT, "orders")
        position = node.history.position(DEFAULT_CLIENT, "orders")
        assert (position.offset, position.epoch != first.epoch) == (0, True)


async def test_what_was_told_while_the_connection_was_lost_is_read(redis_options: RedisOptions, valkey: Valkey) -> None:
    async with nodes(redis_options, 2) as (one, two):
        await two.attend()
        published: list[Publication] = []
        for _ in range(5):
            valkey.call("CLIENT", "KILL", "TYPE", "pubsub")
            published += await one.publish(*["orders"] * 3)
        assert await two.get(15) == published


async def test_what_was_gone_before_a_node_came_back_is_told_to_be_missing(
    redis_options: RedisOptions, valkey: Valkey
) -> None:
    async with nodes(redis_options, 2, max_publications=2) as (one, two):
        await two.attend()
        news: list[Publication | Restarted] = []
        while not any(isinstance(each, Restarted) for each in news):
            # it is back sooner or later than all of these are stamped
            valkey.call("CLIENT", "KILL", "TYPE", "pubsub")
            for _ in range(5):
                newest = (await one.publish("orders"))[-1]
            while newest not in news:
                news += await two.news.take()
        place = next(n for n, each in enumerate(news) if isinstance(each, Restarted))
        assert news[place] == Restarted(DEFAULT_CLIENT, "orders", gap=True)
        before, after = news[place - 1], news[place + 1]
        assert isinstance(after, Publication)
        assert place == 0 or (isinstance(before, Publication) and before.offset < after.offset - 1)
        assert after.epoch == newest.epoch


async def test_counts_of_all_nodes_are_the_audience(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 3) as (one, two, dead):
        for node in (one, two):
            node.interest.live_nodes = lambda: (one.name, two.name)
        for node, count in ((one, 2), (two, 3), (dead, 9)):
            node.news.present(DEFAULT_CLIENT, "orders", UserId(""), count)
        names = one.link.keys.stream(DEFAULT_CLIENT, "orders")
        while await one.link.line("test").send("HLEN", names.nodes).wait() < 3:
            pass
        published = await one.publish("orders", "other")
        assert one.news.audience(published) == [5, 0]
        two.news.present(DEFAULT_CLIENT, "orders", UserId(""), 0)
        while await one.link.line("test").send("HEXISTS", names.nodes, two.name).wait():
            pass
        assert one.news.audience(await one.publish("orders")) == [2]


async def test_what_is_not_attended_is_not_at_hand(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        with pytest.raises(StoreUnavailable, match="not at hand"):
            node.history.position(DEFAULT_CLIENT, "orders")
        published = await node.publish("orders")
        (position, other) = await node.history.positions([(DEFAULT_CLIENT, "orders"), (DEFAULT_CLIENT, "other")])
        assert position == StreamPosition(published[0].epoch, 1)
        assert (other.offset, bool(other.epoch)) == (0, True)
        assert await node.history.positions([(DEFAULT_CLIENT, "other")]) == [other]
