"""Nodes that go, politely or not, while the others and everybody's clients go on."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.cluster import NODE_SECONDS, shared
from tests.e2e.following import Follower
from tests.e2e.living import Live
from tests.e2e.nodes import SECONDS, until_known
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import join
from tests.valkey import valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["valkey"]

pytestmark = pytest.mark.slow

CHANNELS = tuple(f"c{n}" for n in range(6))  # so that every node has some of the shards
BROKEN = (trio.BrokenResourceError, OSError)


class Producer:
    """Publishes to any node that is up, one after the other; what was not answered is sent again under its key."""

    def __init__(self, live: Live, key: str, channel: str) -> None:
        self._live = live
        self._key = key
        self.channel = channel
        #: Ids in the order in which they were published.
        self.accepted: list[str] = []

    async def run(self) -> None:
        for number in itertools.count():
            while not await self._publish(number):  # noqa: ASYNC110 - a node may be on its way
                await trio.sleep(0.02)

    async def _publish(self, number: int) -> bool:
        body = {"channel": self.channel, "data": {"n": number}}
        name = f"{self.channel}-{number}"
        await self._live.up()
        try:
            async with self._live.daemon.rest(self._key) as client:
                reply = await client.call("POST", "/api/notifications", body, Idempotency_Key=name)
        except BROKEN:
            return False
        assert reply.status in (202, 503), reply
        if reply.status == 202:
            self.accepted.append(reply.json["notificationId"])
        return bool(reply.status == 202)


@asynccontextmanager
async def service(start: Starter, folder: Path, url: str, count: int) -> AsyncIterator[tuple[Live, str]]:
    """So many nodes that run, and a key that all of them know."""
    with shared(folder, url) as settings:
        daemons = [await start(*settings) for _ in range(count)]
        for daemon in daemons:
            daemon.stay()
        made = await daemons[0].new_key()
        for daemon in daemons:
            await until_known(daemon, made["keyId"])
        yield Live(*daemons), made["apiKey"]
        for daemon in daemons:
            if daemon.running:
                assert await daemon.terminate() == 0


@asynccontextmanager
async def busy(live: Live, key: str) -> AsyncIterator[list[Producer]]:
    """Producers and followers of some channels while the body runs; afterwards everything accepted arrives in order."""
    producers = [Producer(live, key, channel) for channel in CHANNELS]
    followers = [Follower(live, key, channel, await newest(live.daemon, key, channel)) for channel in CHANNELS]
    async with trio.open_nursery() as following:
        for follower in followers:
            following.start_soon(follower.run)
        async with trio.open_nursery() as producing:
            for producer in producers:
                producing.start_soon(producer.run)
            yield producers
            producing.cancel_scope.cancel()
        with trio.fail_after(20 * PATIENCE):
            for producer, follower in zip(producers, followers, strict=True):
                await follower.has(set(producer.accepted))
        following.cancel_scope.cancel()
    for producer, follower in zip(producers, followers, strict=True):
        # a follower has seen to it that no offset is missing and none comes twice
        arrived = [arrival.id for arrival in follower.arrivals]
        assert arrived[: len(producer.accepted)] == producer.accepted
        assert len(arrived) <= len(producer.accepted) + 1, "the last one may not have been answered"


async def newest(daemon: Daemon, key: str, channel: str) -> dict[str, object]:
    async with join(daemon.ws_url, key) as peer:
        return dict((await peer.subscribe(channel))["position"])


async def more(producers: list[Producer], count: int) -> None:
    """Wait until each has so many more accepted."""
    wanted = [len(producer.accepted) + count for producer in producers]
    with trio.fail_after(20 * PATIENCE):
        while any(len(producer.accepted) < least for producer, least in zip(producers, wanted, strict=True)):  # noqa: ASYNC110
            await trio.sleep(0.02)


@within(150)
async def test_a_rolling_restart_under_load_loses_nothing(start: Starter, valkey: Valkey, tmp_path: Path) -> None:
    async with service(start, tmp_path, valkey.url, 3) as (live, key), busy(live, key) as producers:
        for daemon in live.daemons:
            await more(producers, 10)
            live.leave(daemon)  # as a load balancer is told first
            assert await daemon.terminate() == 0
            await more(producers, 10)
            await daemon.start()
            live.come(daemon)
        await more(producers, 10)


@within(150)
async def test_a_node_that_is_killed_costs_nothing_that_was_accepted(
    start: Starter, valkey: Valkey, tmp_path: Path
) -> None:
    async with service(start, tmp_path, valkey.url, 3) as (live, key), busy(live, key) as producers:
        for daemon in live.daemons[1:]:
            await more(producers, 10)
            live.leave(daemon)
            await daemon.kill()
            # what it held is delivered by those that are left
            await more(producers, 20)
        await live.bounce(*live.daemons[1:2])
        await more(producers, 10)


@within(90)
async def test_what_a_killed_node_had_is_given_back_within_seconds(
    start: Starter, valkey: Valkey, tmp_path: Path
) -> None:
    async with service(start, tmp_path, valkey.url, 2) as (live, key):
        here, there = live.daemons
        async with join(here.ws_url, key, *CHANNELS) as peer:
            async with join(there.ws_url, key, *CHANNELS) as lost, there.rest(key) as client:
                await until_connections(here, 2)
                taken = [await client.accept(channel, {}) for channel in CHANNELS for _ in range(10)]
                await there.kill()
                await lost.ended()
            with trio.fail_after((NODE_SECONDS + SECONDS) * PATIENCE):
                assert {entry["id"] for entry in await peer.notifications(len(taken))} == set(taken)
                await until_connections(here, 1)
                while len((await here.ctl("cluster", "list", "-q")).out.split()) != 1:
                    pass


async def until_connections(daemon: Daemon, count: int) -> None:
    with trio.fail_after((NODE_SECONDS + SECONDS) * PATIENCE):
        while len((await daemon.ctl("connections", "list", "-q")).out.split()) != count:
            pass
