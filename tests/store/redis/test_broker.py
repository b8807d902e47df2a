from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.notification import State
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.store.options import BrokerLimits, HistoryLimits
from tests.redislink.waiting import until
from tests.store.redis.brokers import daemons
from tests.store.samples import attend, for_users, notification

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.redislink.options import RedisOptions
    from tests.store.redis.brokers import Node


def ids(news: list[object]) -> list[str]:
    return [each.notification.id for each in news if isinstance(each, Publication)]


async def delivered(node: Node, made: Notification) -> int:
    """To how many it went."""
    (accepted,) = await node.accept(made)
    while True:
        receipt = await node.broker.receipts.find(None, accepted)
        if receipt is not None and receipt.state is State.DISPATCHED:
            return receipt.delivered


async def test_what_one_node_accepts_is_live_on_the_other(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        await attend(two.broker, "orders")
        two.broker.news.present(DEFAULT_CLIENT, "orders", UserId(""), 7)
        accepted = [await one.accept(notification(at=now_ms())) for _ in range(20)]
        news = await two.heard(20)
        assert ids(news) == [each for (each,) in accepted]
        assert [each.offset for each in news if isinstance(each, Publication)] == list(range(1, 21))
        # who is there is told a little later, and is not waited for
        while await delivered(one, notification(at=now_ms())) != 7:
            pass


async def test_who_was_on_one_node_resumes_on_the_other(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        await attend(one.broker, "orders")
        await one.accept(*[notification(at=now_ms()) for _ in range(5)])
        news = await one.heard(5)
        third = news[2]
        assert isinstance(third, Publication)
        await attend(two.broker, "orders")
        at = StreamPosition(third.epoch, third.offset)
        history = two.broker.history.since(DEFAULT_CLIENT, "orders", at, now=now_ms())
        assert (history.recovered, history.publications) == (True, news[3:])


async def test_users_are_served_on_the_node_where_they_are(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        await attend(one.broker, users=["anna"])
        await attend(two.broker, users=["bert"])
        one.broker.news.present(DEFAULT_CLIENT, "", UserId("anna"), 1)
        two.broker.news.present(DEFAULT_CLIENT, "", UserId("bert"), 2)
        (accepted,) = await one.accept(for_users("anna", "bert", "cora", at=now_ms()))
        for node, user in ((one, "anna"), (two, "bert")):
            (news,) = await node.heard(1)
            assert isinstance(news, Publication)
            assert (news.notification.id, news.user_id) == (accepted, user)


async def test_whoever_sees_it_dispatched_sees_its_users(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as nodes:
        for node in nodes:
            (accepted,) = await node.accept(for_users("anna", "cora", at=now_ms()))
            for looking in nodes:
                receipt = await looking.broker.receipts.find(None, accepted)
                while receipt is None or receipt.state is State.WAITING:
                    receipt = await looking.broker.receipts.find(None, accepted)
                assert receipt.stored == 2


async def test_two_nodes_share_the_work_of_many_channels(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as nodes:
        channels = [f"c{number}" for number in range(40)]
        for node in nodes:
            await attend(node.broker, *channels)
        for node in nodes:
            await node.accept(*[notification(channel, at=now_ms()) for channel in channels])
        for node in nodes:
            assert sorted(ids(await node.heard(80))) == sorted(ids(await nodes[0].heard(80)))
            places = [(each.notification.channel, each.offset) for each in node.news if isinstance(each, Publication)]
            assert sorted(places) == sorted([(channel, offset) for channel in channels for offset in (1, 2)])


async def test_a_node_that_stops_hands_over_at_once(redis_options: RedisOptions) -> None:
    async with daemons(redis_options, redis_options) as (one, two):
        channels = [f"c{number}" for number in range(16)]
        await attend(one.broker, *channels)
        await one.heard_of(await one.accept(*[notification(channel, at=now_ms()) for channel in channels]))
        two.stop()
        one.knows(one)
        accepted = await one.accept(*[notification(channel, at=now_ms()) for channel in channels])
        await one.heard_of(accepted)
        assert len(one.news) == 32


async def test_a_node_that_runs_keeps_what_all_agreed_on(redis_options: RedisOptions) -> None:
    async with daemons(redis_options) as (node,):
        line, name = node.broker.link.line("test"), node.broker.link.keys.shard_count
        agreed = await line.send("GET", name).wait()
        await line.send("DEL", name).wait()
        while await line.send("GET", name).wait() != agreed:
            await line.send("PING").wait()


async def test_bounds_change_everywhere(redis_options: RedisOptions) -> None:
    async with daemons(redis_options) as (node,):
        await attend(node.broker, "orders")
        accepted = await node.accept(*[notification(at=now_ms()) for _ in range(5)])
        # what is news may not be settled yet
        receipts = [await node.broker.receipts.find(None, each) for each in accepted]
        while any(receipt is None or receipt.state is State.WAITING for receipt in receipts):
            receipts = [await node.broker.receipts.find(None, each) for each in accepted]
        node.broker.configure(BrokerLimits(history=HistoryLimits(max_publications=2)))
        await node.broker.refresh()
        assert node.broker.history.usage()[1] == 2
        history = node.broker.history.latest(DEFAULT_CLIENT, "orders", limit=9, now=now_ms())
        assert [each.offset for each in history.publications] == [4, 5]


async def test_what_somebody_else_wrote_into_a_key_of_ours_ends_no_daemon(redis_options: RedisOptions) -> None:
    async with daemons(redis_options) as (one,):
        line = one.broker.link.line("vandal")
        key = f"{one.broker.link.keys.shard(0)}:priorities"
        await line.send("HSET", key, "no number", 1).wait()
        await until(lambda: one.counters.errors > 0)
        await line.send("HDEL", key, "no number").wait()
        await attend(one.broker, "orders")
        await one.accept(notification(at=now_ms()))
        await one.heard(1)
