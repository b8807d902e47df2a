from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.redislink.options import RedisOptions
from notifyd.store.redis.mirrors.mirror import Mirror
from tests.redislink.waiting import until
from tests.store.redis.gates import Gate
from tests.store.redis.history.streaming import nodes
from tests.store.samples import T0, offsets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.store.redis.history.streaming import Node
    from tests.valkey import Valkey


class Looked(Mirror):
    """One whose looks come to their end when a test lets them."""

    def __init__(self, node: Node, gate: Gate) -> None:
        self.under_way = self.most_under_way = 0
        self._gate = gate
        super().__init__(node.mirrors, "looked", node.link.keys.node_topic("looked"))

    def apply(self, message: bytes) -> bool:
        return True

    async def fetch(self) -> None:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self._gate.go_through()
        self.under_way -= 1

    def dropped(self) -> None:
        """Nobody may find it anyway."""


def readable(node: Node, channel: str) -> bool:
    try:
        node.history.position(DEFAULT_CLIENT, channel)
    except StoreUnavailable:
        return False
    return True


async def test_what_is_at_hand_needs_no_wait(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        attendance = node.history.attend(DEFAULT_CLIENT, "orders")
        assert attendance is not None
        await attendance.wait()
        assert node.history.attend(DEFAULT_CLIENT, "orders") is None
        # who began before it was there may wait all the same
        await attendance.wait()


async def test_what_nobody_uses_is_let_go_of(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, idle_seconds=0.8) as (node,):
        await node.attend("idle")
        await node.attend("live")
        node.news.present(DEFAULT_CLIENT, "live", UserId(""), 1)
        # nothing is read meanwhile: that would be a use
        while len(node.mirrors) > 1:
            await trio.lowlevel.checkpoint()
        assert (readable(node, "idle"), readable(node, "live")) == (False, True)
        await node.attend("idle")
        (published,) = await node.publish("idle")
        assert await node.get(1) == [published]


async def test_one_look_follows_the_other(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        gate = Gate()
        gate.shut()
        mirror = Looked(node, gate)
        node.mirrors.want(mirror)
        for _ in range(3):
            await until(lambda: len(gate) == 1)
            mirror.look_again()
            await trio.testing.wait_all_tasks_blocked()
            gate.let_one()
            # it may be read, and is behind
            await until(lambda: mirror.ready)
            assert not mirror.current
        gate.open()
        await until(lambda: mirror.current)
        assert mirror.most_under_way == 1


@pytest.mark.slow
async def test_who_waits_while_redis_is_away_is_told(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = RedisOptions(url=server.unix_url, timeout_seconds=1, connect_timeout_seconds=5)
    async with nodes(options) as (node,):
        await node.attend("known")
        (published,) = await node.publish("known")
        server.kill()
        with pytest.raises(StoreUnavailable):
            await node.attend("unknown")
        # what is at hand is served, and goes on when it is back
        assert node.history.latest(DEFAULT_CLIENT, "known", limit=9, now=T0).publications == [published]
        server.start()
        while True:
            try:
                await node.attend("unknown")
                (later,) = await node.publish("known")
            except StoreUnavailable:
                await trio.sleep(0.05)
            else:
                break
        assert offsets([later]) == [1]
        assert later.epoch != published.epoch
