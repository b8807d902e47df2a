"""Redis away for a moment, for long, from one node alone, or back without what it held: what others notice of it."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.cluster import shared
from tests.e2e.nodes import SECONDS, Pair, pair_of
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import join
from tests.e2e.proxy import Proxy
from tests.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.peer import Peer
    from tests.valkey import Valkey

    StartValkey = Callable[..., Valkey]

__all__ = ["start_valkey"]

pytestmark = pytest.mark.slow

#: What a restart must not lose.
KEEPS = ("--appendonly", "yes", "--appendfsync", "always")
TIMEOUT_SECONDS = 2.0
#: No publish is answered later than this, whatever is away.
ANSWER_SECONDS = TIMEOUT_SECONDS + 2
PAUSE_SECONDS = 0.02


class Producer:
    """Publishes to one node all the time, and writes down what it was answered."""

    def __init__(self, daemon: Daemon, key: str, channel: str = "c") -> None:
        self._daemon = daemon
        self._key = key
        self._channel = channel
        self.accepted: list[str] = []
        self.refused = 0
        self._changed = trio.Event()

    async def run(self) -> None:
        async with self._daemon.rest(self._key) as client:
            number = 0
            while True:
                body = {"channel": self._channel, "data": {"n": number}}
                with trio.fail_after(ANSWER_SECONDS * PATIENCE):
                    reply = await client.call("POST", "/api/notifications", body)
                if reply.status == 202:
                    self.accepted.append(reply.json["notificationId"])
                else:
                    assert (reply.status, reply.json["error"]["code"]) == (503, "store_unavailable"), reply
                    assert int(reply.headers["retry-after"]) > 0
                    self.refused += 1
                self._changed.set()
                self._changed = trio.Event()
                number += 1
                await trio.sleep(PAUSE_SECONDS)

    async def until(self, condition: Callable[[], bool]) -> None:
        with trio.fail_after(15 * PATIENCE):
            while not condition():
                await self._changed.wait()

    async def accepts_more(self, count: int = 20) -> None:
        """Wait until so many more are accepted."""
        wanted = len(self.accepted) + count
        await self.until(lambda: len(self.accepted) >= wanted)

    async def is_refused(self) -> None:
        """Wait until another one is refused."""
        before = self.refused
        await self.until(lambda: self.refused > before)


@asynccontextmanager
async def running(producers: list[Producer]) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        for producer in producers:
            nursery.start_soon(producer.run)
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def two(
    start: Starter, folder: Path, url: str, other_url: str = "", settings: tuple[str, ...] = ()
) -> AsyncIterator[Pair]:
    """Two nodes, of which the second may have another way to the Redis; *settings* are further ones of both."""
    with shared(folder, url, f"broker.timeout_seconds={TIMEOUT_SECONDS}", *settings) as common:
        here = await start(*common)
        there = await start(*common, *([f"broker.url={other_url}"] if other_url else []))
        yield await pair_of(here, there)
        assert [await daemon.terminate() for daemon in (here, there)] == [0, 0]


async def outage(pair: Pair, trouble: Callable[[list[Producer]], Awaitable[None]]) -> list[Producer]:
    """A producer and a subscriber at each node, while *trouble* is made; everything accepted arrives everywhere."""
    producers = [Producer(daemon, pair.key, f"c{n}") for n, daemon in enumerate((pair.here, pair.there))]
    async with (
        join(pair.here.ws_url, pair.key, "c0", "c1") as one,
        join(pair.there.ws_url, pair.key, "c0", "c1") as other,
    ):
        async with running(producers):
            for producer in producers:
                await producer.accepts_more()
            await trouble(producers)
            for producer in producers:
                await producer.accepts_more()
        for peer in (one, other):
            await all_arrive(peer, {f"c{n}": producer.accepted for n, producer in enumerate(producers)})
            assert (await peer.ask("ping"))["type"] == "pong"
    return producers


async def all_arrive(peer: Peer, wanted: dict[str, list[str]]) -> None:
    """All of each channel arrive in order without a gap, on a connection that was there all the time."""
    seen: dict[str, list[str]] = {channel: [] for channel in wanted}
    with trio.fail_after(20 * PATIENCE):
        while any(not set(ids) <= set(seen[channel]) for channel, ids in wanted.items()):
            found = await peer.notification()
            line = seen[found["channel"]]
            line.append(found["id"])
            assert found["offset"] == len(line)
    for channel, ids in wanted.items():
        assert len(set(seen[channel])) == len(seen[channel])
        assert [identifier for identifier in seen[channel] if identifier in set(ids)] == ids


@pytest.mark.parametrize("seconds", [1, 3 * TIMEOUT_SECONDS])
@within(90)
async def test_a_redis_that_hangs_for_a_moment_costs_nobody_anything(
    start: Starter, start_valkey: StartValkey, tmp_path: Path, seconds: float
) -> None:
    valkey = start_valkey()

    async def trouble(producers: list[Producer]) -> None:
        valkey.pause()
        try:
            await trio.sleep(seconds)
        finally:
            valkey.go_on()

    async with two(start, tmp_path, valkey.url) as pair:
        producers = await outage(pair, trouble)
        assert all(producer.refused > 0 for producer in producers) is (seconds > TIMEOUT_SECONDS)
        forgive_all(pair)


@pytest.mark.parametrize("seconds", [1, 10])
@within(120)
async def test_a_redis_that_is_killed_and_comes_back_has_lost_nothing(
    start: Starter, start_valkey: StartValkey, tmp_path: Path, seconds: float
) -> None:
    valkey = start_valkey(*KEEPS)

    async def trouble(producers: list[Producer]) -> None:
        valkey.kill()
        for producer in producers:
            await producer.is_refused()
        await trio.sleep(seconds)
        for producer in producers:
            await producer.is_refused()
        await trio.to_thread.run_sync(valkey.start)
        began = time.monotonic()
        for producer in producers:
            await producer.accepts_more(1)
        assert time.monotonic() - began < SECONDS * PATIENCE

    async with two(start, tmp_path, valkey.url) as pair:
        await outage(pair, trouble)
        forgive_all(pair)


@within(60)
async def test_a_redis_that_comes_back_empty_begins_anew(
    start: Starter, start_valkey: StartValkey, tmp_path: Path
) -> None:
    valkey = start_valkey()
    async with two(start, tmp_path, valkey.url) as pair:
        async with (
            join(pair.here.ws_url, pair.key, "c") as one,
            join(pair.there.ws_url, pair.key, "c") as other,
            pair.here.rest(pair.key) as client,
        ):
            before = await client.accept_batch("c", 5)
            for peer in (one, other):
                found = await peer.notifications(5)
                assert [entry["id"] for entry in found] == before
            position = {"epoch": found[-1]["epoch"], "offset": found[-1]["offset"]}
            await trio.to_thread.run_sync(valkey.restart)
            accepted = await accepted_soon(pair.there, pair.key)
            for peer in (one, other):
                received = await peer.notification()
                assert (received["id"], received["offset"]) == (accepted, 1)
                assert received["epoch"] != position["epoch"]
        for daemon in (pair.here, pair.there):
            async with join(daemon.ws_url, pair.key) as peer:
                answer = await peer.subscribe("c", position)
                assert (answer["recovered"], answer["replayed"]) == (False, 0)
                assert answer["position"] == {"epoch": received["epoch"], "offset": 1}
        forgive_all(pair)


async def accepted_soon(daemon: Daemon, key: str) -> str:
    """Publish until it is accepted."""
    with trio.fail_after(SECONDS * PATIENCE):
        async with daemon.rest(key) as client:
            while True:
                reply = await client.call("POST", "/api/notifications", {"channel": "c", "data": "anew"})
                if reply.status == 202:
                    return str(reply.json["notificationId"])
                assert reply.status == 503, reply
                await trio.sleep(PAUSE_SECONDS)


@pytest.mark.parametrize("how", ["cut", "silent"])
@within(120)
async def test_a_node_that_is_parted_from_redis_refuses_and_the_other_goes_on(
    start: Starter, start_valkey: StartValkey, tmp_path: Path, how: str
) -> None:
    valkey = start_valkey()
    async with trio.open_nursery() as nursery:
        proxy = Proxy(valkey.port)
        await nursery.start(proxy.run)

        async def trouble(producers: list[Producer]) -> None:
            if how == "cut":
                await proxy.cut()
            else:
                proxy.fall_silent()
            await producers[1].is_refused()
            # the other one is given the shards of this one, and does its work
            await producers[0].accepts_more(100)
            await producers[1].is_refused()
            await proxy.mend()

        async with two(start, tmp_path, valkey.url, proxy.url) as pair:
            producers = await outage(pair, trouble)
            assert producers[0].refused == 0
            forgive_all(pair)
        nursery.cancel_scope.cancel()


def forgive_all(pair: Pair) -> None:
    """The daemons may complain of what the test did, once for each time."""
    for daemon in (pair.here, pair.there):
        daemon.forgive("broker_failed")
