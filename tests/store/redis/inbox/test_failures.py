"""What becomes of inboxes when Redis, a connection to it or a node goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.publication import Publication
from notifyd.model.restarted import Restarted
from notifyd.redislink.options import RedisOptions
from tests.redislink.waiting import until
from tests.store.redis.inbox.boxes import ANNA, BERT, nodes
from tests.store.samples import for_users

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.store.redis.inbox.boxes import Node
    from tests.valkey import Valkey

    StartValkey = Callable[..., Valkey]

KEPT = ("--appendonly", "yes", "--appendfsync", "always")


def impatient(server: Valkey) -> RedisOptions:
    return RedisOptions(url=server.unix_url, timeout_seconds=1.0, connect_timeout_seconds=2.0)


async def place_again(node: Node, publications: list[Publication]) -> list[Publication]:
    """As the dispatcher does: the same until it works."""
    while True:
        try:
            return await node.inbox.place(publications, now=0)
        except StoreUnavailable:
            await trio.sleep(0.02)


@pytest.mark.slow
async def test_what_was_acked_while_redis_was_away_is_told_when_it_is_back(start_valkey: StartValkey) -> None:
    server = start_valkey(*KEPT)
    async with nodes(impatient(server), 2) as (book, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        placed = await one.to(ANNA, count=5)
        await two.get(5)
        server.kill()
        assert one.advance(2) == 2
        assert one.inbox.give_up(DEFAULT_CLIENT, ANNA, one.at(4))
        with pytest.raises(StoreUnavailable):
            await one.inbox.written().wait()
        with pytest.raises(StoreUnavailable):
            await one.to(ANNA)
        assert one.advance(3) == 1
        server.start()
        await until(lambda: two.cursor() == 3 and one.inbox.written().done())
        assert two.kept() == one.kept() == [placed[4].notification.id]
        assert [each[0] for each in book.events] == [each.notification.id for each in placed[:3]]


@pytest.mark.slow
async def test_what_was_asked_for_while_redis_was_killed_is_placed_once(start_valkey: StartValkey) -> None:
    server = start_valkey(*KEPT)
    async with nodes(impatient(server), 2) as (_, (one, two)):
        await two.attend(ANNA, BERT)
        stamped = [Publication(for_users(ANNA, BERT), "own", number) for number in range(1, 301)]
        async with trio.open_nursery() as nursery:
            for first in range(0, 300, 20):
                nursery.start_soon(place_again, one, stamped[first : first + 20])
            await two.news.take()
            server.restart()
        await until(lambda: len(two.kept()) == len(two.kept(BERT)) == 300)
        for user in (ANNA, BERT):
            assert sorted(two.kept(user)) == [each.notification.id for each in stamped]


@pytest.mark.slow
async def test_an_inbox_that_redis_lost_begins_anew(start_valkey: StartValkey) -> None:
    server = start_valkey()
    async with nodes(impatient(server), 2) as (_, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        before = await one.to(ANNA, count=2)
        await two.get(2)
        server.restart()
        assert (await two.news.take())[0] == Restarted(DEFAULT_CLIENT, user_id=ANNA)
        position = before[1].inbox
        assert position is not None
        await until(lambda: one.at(0).epoch == two.at(0).epoch != position.epoch)
        assert two.inbox.advance(DEFAULT_CLIENT, ANNA, position, now=0) == 0
        (after,) = await place_again(one, [Publication(for_users(ANNA), "own", 1)])
        await until(lambda: two.kept() == [after.notification.id])
        found = two.inbox.since(DEFAULT_CLIENT, ANNA, position, now=0)
        assert (found.recovered, found.publications) == (False, [after])


async def test_an_inbox_that_was_flushed_begins_anew_with_the_next(start_valkey: StartValkey) -> None:
    server = start_valkey()
    async with nodes(impatient(server), 2) as (_, (one, two)):
        await two.attend(ANNA)
        await one.to(ANNA, count=2)
        await two.get(2)
        server.call("FLUSHALL")
        (after,) = await one.to(ANNA)
        assert await two.get(2) == [Restarted(DEFAULT_CLIENT, user_id=ANNA), after]
        assert after.inbox == two.at(1)
        await one.inbox.refresh()
        assert one.inbox.usage() == (1, 1, 207)


async def test_a_message_that_was_lost_is_read_instead(start_valkey: StartValkey) -> None:
    server = start_valkey()
    async with nodes(impatient(server), 2) as (_, (one, two)):
        await two.attend(ANNA)
        await one.to(ANNA)
        await two.get(1)
        # one that comes while the topic is not followed
        server.call("CLIENT", "KILL", "TYPE", "pubsub")
        lost = await one.to(ANNA, count=3)
        assert await two.get(3) == lost
        one_more = await one.to(ANNA)
        assert await two.get(1) == one_more
        assert two.kept()[1:] == [each.notification.id for each in [*lost, *one_more]]


@pytest.mark.slow
async def test_a_server_that_hangs_keeps_nobody(start_valkey: StartValkey) -> None:
    server = start_valkey()
    async with nodes(impatient(server), 2) as (_, (one, two)):
        await one.attend(ANNA)
        await two.attend(ANNA)
        first = await one.to(ANNA)
        server.pause()
        with trio.fail_after(10):
            with pytest.raises(StoreUnavailable):
                await one.to(ANNA)
            one.advance(1)
            with pytest.raises(StoreUnavailable):
                await one.inbox.written().wait()
        assert two.kept() == [each.notification.id for each in first]
        server.go_on()
        await until(lambda: two.cursor() == 1)


async def test_a_node_that_vanishes_leaves_what_it_placed_and_told(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (_, (stays, late)):
        await stays.attend(ANNA)
        async with nodes(redis_options) as (_, (vanishes,)):
            await vanishes.attend(ANNA)
            placed = await vanishes.to(ANNA, count=3)
            vanishes.advance(1)
            await vanishes.inbox.written().wait()
        await stays.get(3)
        await late.attend(ANNA)
        for node in (stays, late):
            await until(lambda node=node: node.cursor() == 1)  # type: ignore[misc]
            assert node.kept() == [each.notification.id for each in placed[1:]]
        # it counted nothing after its last notifications: who asks finds them
        assert [each.notifications for each in await late.inbox.inboxes()] == [3]
        await late.inbox.refresh()
        assert late.inbox.usage()[:2] == (1, 3)
