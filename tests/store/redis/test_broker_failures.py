"""What becomes of the work of two nodes when something breaks under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.model.publication import Publication
from notifyd.model.restarted import Restarted
from notifyd.redislink.options import RedisOptions
from tests.store.redis.brokers import daemons
from tests.store.samples import attend, notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.ids import NotificationId
    from tests.store.redis.brokers import Node
    from tests.valkey import Valkey

pytestmark = pytest.mark.slow


def options_of(server: Valkey) -> RedisOptions:
    # a server that was killed refuses at once; one that is there may take its time on a busy machine
    return RedisOptions(url=server.unix_url, timeout_seconds=3.0, connect_timeout_seconds=5.0)


async def publish_on(nodes: list[Node], accepted: list[NotificationId], count: int) -> None:
    """One after the other, on each node in turn, as often as it takes."""
    for number in range(count):
        # who was refused does not know whether it was taken in: the next is another
        while True:
            each = notification(f"c{number % 5}", at=now_ms())
            if await nodes[number % len(nodes)].accepted(each):
                break
        accepted.append(each.id)


async def longer(accepted: list[NotificationId], count: int) -> None:
    until = len(accepted) + count
    while len(accepted) < until:
        await trio.lowlevel.checkpoint()


async def attend_all(nodes: list[Node]) -> None:
    for node in nodes:
        for channel in [f"c{number}" for number in range(5)]:
            await attend(node.broker, channel)
            node.broker.news.present(DEFAULT_CLIENT, channel, UserId(""), 1)


def in_order(node: Node) -> bool:
    """Whether each stream came to the node without a gap, and without going back but where it began anew."""
    heads: dict[tuple[str, str], int] = {}
    for each in node.news:
        if isinstance(each, Publication):
            key = (each.notification.channel, each.epoch)
            if each.offset != heads.get(key, each.offset - 1) + 1:
                return False
            heads[key] = each.offset
    return True


@pytest.mark.parametrize("seconds", [0.0, 1.5])
async def test_nothing_is_lost_when_the_server_is_killed(start_valkey: Callable[..., Valkey], seconds: float) -> None:
    server = start_valkey("--appendonly", "yes", "--appendfsync", "always")
    options = options_of(server)
    async with daemons(options, options) as nodes:
        await attend_all(nodes)
        accepted: list[NotificationId] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish_on, nodes, accepted, 300)
            for _ in range(3):
                await longer(accepted, 60)
                server.kill()
                await trio.sleep(seconds)
                server.start()
        for node in nodes:
            heard = await node.heard_of(accepted)
            assert in_order(node)
            assert len(heard) == len(set(heard))
            assert not any(isinstance(each, Restarted) for each in node.news)


async def test_what_is_published_after_a_loss_of_everything_arrives(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = options_of(server)
    async with daemons(options, options) as nodes:
        await attend_all(nodes)
        before: list[NotificationId] = []
        await publish_on(nodes, before, 50)
        await nodes[0].heard_of(before)
        server.call("FLUSHALL")
        after: list[NotificationId] = []
        await publish_on(nodes, after, 50)
        for node in nodes:
            await node.heard_of(after)
            assert in_order(node)
            restarted = {each.channel for each in node.news if isinstance(each, Restarted)}
            assert restarted == {f"c{number}" for number in range(5)}


async def test_a_server_that_comes_back_empty_is_used_again(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = options_of(server)
    async with daemons(options, options) as nodes:
        await attend_all(nodes)
        before: list[NotificationId] = []
        await publish_on(nodes, before, 20)
        for node in nodes:
            await node.heard_of(before)
        server.restart()
        after: list[NotificationId] = []
        await publish_on(nodes, after, 20)
        for node in nodes:
            await node.heard_of(after)
            position = node.broker.history.position(DEFAULT_CLIENT, "c0")
            assert position.offset <= 4


async def test_a_server_that_hangs_delays_and_loses_nothing(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = options_of(server)
    async with daemons(options, options) as nodes:
        await attend_all(nodes)
        accepted: list[NotificationId] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish_on, nodes, accepted, 200)
            for seconds in (0.5, 2.0):
                await longer(accepted, 50)
                server.pause()
                await trio.sleep(seconds)
                server.go_on()
        for node in nodes:
            await node.heard_of(accepted)
            assert in_order(node)


async def test_others_take_over_from_a_node_that_vanishes(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    server.call("ACL", "SETUSER", "other", "on", ">pw", "~*", "&*", "+@all")
    options = options_of(server)
    theirs = replace(options, url=options.url.replace("unix://", "unix://other:pw@"))
    async with daemons(options, theirs) as (one, two):
        await attend_all([one, two])
        accepted: list[NotificationId] = []
        await publish_on([one, two], accepted, 40)
        await two.heard_of(accepted)
        # it holds what it has, and says nothing any more
        two.dispatching = False
        await publish_on([one], accepted, 40)
        held = []
        while not held:
            held = await two.broker.queue.lease(limit=100, lease_seconds=30, now=now_ms())
        server.call("ACL", "DELUSER", "other")
        one.knows(one)
        began = trio.current_time()
        await publish_on([one], accepted, 40)
        await one.heard_of(accepted)
        assert trio.current_time() - began < 8
        assert in_order(one)


async def test_a_full_redis_is_emptied_and_takes_nothing_new(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    async with daemons(options_of(server)) as (one,):
        one.dispatching = False
        await attend(one.broker, "orders")
        accepted = await one.accept(*[notification(at=now_ms()) for _ in range(5)])
        server.call("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            await one.accept(notification(at=now_ms()))
        one.dispatching = True
        assert await one.heard_of(accepted) == accepted
        server.call("CONFIG", "SET", "maxmemory", "0")
        (again,) = await one.accept(notification(at=now_ms()))
        assert again in await one.heard_of([again])
