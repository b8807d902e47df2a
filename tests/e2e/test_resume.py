"""Coming back by position: nothing twice, nothing missing, while producers go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.following import Follower
from tests.e2e.living import Live
from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.e2e.raw import raw

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.peer import Message
    from tests.e2e.rest import Rest

FOLLOWERS = 12
DROPS = 5
PUBLISHED = 1_000
IN_MEMORY = "broker.durability=memory"
SETTINGS = (IN_MEMORY,)


async def publish(client: Rest, count: int, done: trio.Event) -> None:
    """One after the other, and small batches in between."""
    number = 0
    while number < count:
        if number % 50:
            await client.accept("c", {"n": number})
            number += 1
        else:
            await client.accept_batch("c", 10, start=number)
            number += 10
    done.set()


async def follow_and_drop(follower: Follower, seed: int) -> None:
    """Drop the connection again and again, each follower at other places, all before the producer is done."""
    for drop in range(DROPS):
        wanted = len(follower.arrivals) + 7 * ((seed + drop) % 11 + 1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(follower.run)
            while len(follower.arrivals) < wanted:
                await follower.changed()
            nursery.cancel_scope.cancel()


async def first_position(daemon: Daemon, key: str) -> Message:
    async with join(daemon.ws_url, key) as peer:
        return dict((await peer.subscribe("c"))["position"])


@pytest.mark.slow
@within(60)
async def test_who_drops_and_resumes_while_a_producer_runs_sees_each_offset_once(service: Daemon) -> None:
    key = await service.key()
    position = await first_position(service, key)
    followers = [Follower(Live(service), key, "c", position) for _ in range(FOLLOWERS)]
    done = trio.Event()
    async with service.rest(key) as client, trio.open_nursery() as nursery:
        nursery.start_soon(publish, client, PUBLISHED, done)
        for seed, follower in enumerate(followers):
            nursery.start_soon(catch_up, follower, seed, done)
    # a Follower has checked every offset and every id on its way
    numbers = [arrival.data["n"] for arrival in followers[0].arrivals]
    assert numbers == list(range(numbers[-1] + 1))
    for follower in followers:
        assert [arrival.data["n"] for arrival in follower.arrivals] == numbers
        assert follower.connections == DROPS + 1


async def catch_up(follower: Follower, seed: int, done: trio.Event) -> None:
    await follow_and_drop(follower, seed)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(follower.run)
        await done.wait()
        while not follower.arrivals or follower.arrivals[-1].data["n"] < PUBLISHED - 1:
            await follower.changed()
        nursery.cancel_scope.cancel()


@pytest.mark.slow  # tests/ingress/edge/native is the quick round
@within(60)
async def test_a_replay_larger_than_the_outbox_arrives_whole_while_a_producer_runs(start: Starter) -> None:
    daemon = await start(IN_MEMORY, "delivery.max_data_bytes=16384", "websocket.outbox_bytes=65536")
    key = await daemon.key()
    position = await first_position(daemon, key)
    filling = "x" * 8_000
    async with daemon.rest(key) as client:
        for n in range(200):  # 25 times the outbox
            await client.accept("c", {"n": n, "filling": filling})
        async with raw(daemon.ws, receive_buffer=4096) as peer, trio.open_nursery() as nursery:
            subscribe = {"type": "subscribe", "channel": "c", "since": position}
            await peer.say({"type": "authenticate", "apiKey": key}, subscribe)
            answer = await peer.until("subscribed")
            assert (answer["recovered"], answer["replayed"]) == (True, 200)
            nursery.start_soon(_publish_more, client, 200, 300)
            for n in range(300):
                entry = (await peer.until("notification"))["notification"]
                assert (entry["data"]["n"], entry["offset"]) == (n, n + 1)


async def _publish_more(client: Rest, first: int, end: int) -> None:
    for n in range(first, end):
        await client.accept("c", {"n": n})


@within(30)
async def test_a_position_that_was_trimmed_is_not_recovered_and_replays_nothing(start: Starter) -> None:
    daemon = await start(IN_MEMORY, "history.max_publications=10")
    key = await daemon.key()
    position = await first_position(daemon, key)
    async with daemon.rest(key) as client, join(daemon.ws_url, key) as peer:
        await client.accept_batch("c", 20)
        answer = await peer.subscribe("c", position)
        assert (answer["recovered"], answer["replayed"]) == (False, 0)
        assert answer["position"] == {"epoch": position["epoch"], "offset": 20}
        live = await client.accept("c", "live")
        received = await peer.notification()
        assert (received["id"], received["offset"]) == (live, 21)


@pytest.mark.slow  # tests/contract/test_history.py is the quick round
@within(30)
async def test_the_oldest_position_that_is_kept_is_recovered(start: Starter) -> None:
    daemon = await start(IN_MEMORY, "history.max_publications=10")
    key = await daemon.key()
    position = await first_position(daemon, key)
    async with daemon.rest(key) as client, join(daemon.ws_url, key) as peer:
        await client.accept_batch("c", 20)
        answer = await peer.subscribe("c", {**position, "offset": 10})
        assert (answer["recovered"], answer["replayed"]) == (True, 10)
        assert [entry["offset"] for entry in await peer.notifications(10)] == list(range(11, 21))


@within(30)
async def test_another_epoch_or_an_offset_of_the_future_is_not_recovered(service: Daemon) -> None:
    key = await service.key()
    async with service.rest(key) as client, join(service.ws_url, key) as peer:
        position = (await peer.subscribe("jumped"))["position"]
        await client.accept_batch("jumped", 3)
        await peer.notifications(3)
        for since in ({"epoch": "other", "offset": 1}, {**position, "offset": 4}, {"epoch": "", "offset": 0}):
            answer = await peer.subscribe("jumped", since)
            assert (answer["recovered"], answer["replayed"], answer["position"]["offset"]) == (False, 0, 3), since
        await client.accept("jumped", "live")
        assert (await peer.notification())["offset"] == 4


@pytest.mark.slow  # tests/contract/test_history.py is the quick round
@within(30)
async def test_without_durability_a_kill_starts_a_new_epoch(start: Starter) -> None:
    daemon = await start(IN_MEMORY)
    key = await daemon.key()
    async with daemon.rest(key) as client:
        await client.accept_batch("c", 3)
    position = await first_position(daemon, key)
    await daemon.kill()
    await daemon.start()
    async with join(daemon.ws_url, key) as peer:
        answer = await peer.subscribe("c", position)
        assert (answer["recovered"], answer["replayed"]) == (False, 0)
        assert answer["position"]["epoch"] != position["epoch"]


@within(30)
async def test_a_subscription_taken_up_again_on_one_connection_brings_what_was_missed(service: Daemon) -> None:
    key = await service.key()
    async with service.rest(key) as client, join(service.ws_url, key) as peer:
        position = (await peer.subscribe("left"))["position"]
        assert (await peer.ask("unsubscribe", channel="left"))["type"] == "unsubscribed"
        missed = await client.accept_batch("left", 5)
        await peer.subscribe("left", position)
        live = await client.accept("left", {})
        assert [entry["id"] for entry in await peer.notifications(6)] == [*missed, live]
