"""Durable subscriptions whose workers come and go while a producer runs, from outside."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import trio

from tests.e2e.patience import within
from tests.e2e.peer import connect
from tests.e2e.raw import raw

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.peer import Peer
    from tests.e2e.rest import Rest

PUBLISHED = 300
SHIFTS = 6


async def publish(client: Rest, channel: str) -> None:
    for start in range(0, PUBLISHED, 10):
        await client.accept_batch(channel, 10, start=start)


async def shift(peer: Peer, key: str, acked: set[str], chance: Random) -> Counter[str]:
    """Work for a while and leave some of it unacked; what was delivered."""
    await peer.authenticate(key)
    await peer.ask("subscribe", channel="jobs", ack=True, durable="worker")
    seen: Counter[str] = Counter()
    for _ in range(20):
        found = await peer.notification()
        assert found["id"] not in acked, "what was acked does not come again"
        seen[found["id"]] += 1
        if chance.random() < 0.7:
            assert (await peer.ask("ack", id=found["id"]))["acked"] == 1
            acked.add(found["id"])
    return seen


async def finish(peer: Peer, key: str, acked: set[str]) -> list[int]:
    """Ack all that is left; its offsets, in the order in which they came."""
    await peer.authenticate(key)
    answer = await peer.ask("subscribe", channel="jobs", ack=True, durable="worker")
    assert answer["recovered"] is True
    offsets = []
    while len(acked) < PUBLISHED:
        found = await peer.notification()
        assert found["id"] not in acked
        offsets.append(found["offset"])
        assert (await peer.ask("ack", ids=[found["id"]]))["acked"] == 1
        acked.add(found["id"])
    return offsets


@within(60)
async def test_workers_that_come_and_go_ack_everything_once(service: Daemon) -> None:
    key, acked, chance = await service.key(), set[str](), Random(7)
    async with service.rest(key) as client, trio.open_nursery() as nursery:
        async with connect(service.ws_url) as peer:
            await peer.authenticate(key)
            await peer.ask("subscribe", channel="jobs", ack=True, durable="worker")
        nursery.start_soon(publish, client, "jobs")
        for _ in range(SHIFTS):
            async with connect(service.ws_url) as peer:
                assert max((await shift(peer, key, acked, chance)).values()) == 1
        async with connect(service.ws_url) as peer:
            offsets = await finish(peer, key, acked)
    assert offsets == sorted(set(offsets))
    async with service.rest() as operator:
        found = await operator.call("GET", "/api/durable-subscriptions?channel=jobs")
    (subscription,) = found.json["subscriptions"]
    assert (subscription["pending"], subscription["position"]["offset"]) == (0, PUBLISHED)


@within(60)
async def test_what_is_open_is_bounded_and_its_reader_is_not_cut_off(start: Starter) -> None:
    daemon = await start("broker.durability=memory", "subscriptions.max_unacked=3")
    key = await daemon.key()
    async with daemon.rest(key) as client, raw(daemon.ws) as peer:
        await peer.say({"type": "authenticate", "apiKey": key}, {"type": "subscribe", "channel": "c", "ack": True})
        assert (await peer.until("subscribed"))["ack"] is True
        await client.accept_batch("c", 20)
        got: list[int] = []
        waiting: list[str] = []
        while len(got) < 20:
            # Nothing is acked before the answer to this is here: what comes before it is all that may be open.
            await peer.say({"type": "ping"})
            while (message := await peer.hear())["type"] != "pong":
                if message["type"] == "notification":
                    got.append(message["notification"]["offset"])
                    waiting.append(message["notification"]["id"])
            assert len(waiting) <= 3
            if waiting:
                await peer.say({"type": "ack", "id": waiting.pop(0)})
    assert got == list(range(1, 21))
