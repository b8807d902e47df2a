"""kill -9 under load, at random moments: what was accepted arrives, once, in order, and nothing else does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.following import Follower
from tests.e2e.patience import PATIENCE, within
from tests.e2e.peer import join
from tests.e2e.producing import Ledger, Live, Producer, Sent

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.following import Arrival

CHANNELS = ("main", "later", "mortal")
PRODUCERS = 3
SLOW_ROUNDS = 15
DURABILITIES = ("os", "fsync")


class Round:
    """One daemon, its producers and its followers."""

    def __init__(self, daemon: Daemon, seed: int) -> None:
        self.daemon = daemon
        self.live = Live(daemon)
        self.ledger = Ledger()
        self.followers: dict[str, Follower] = {}
        self.key = ""
        self._random = random.Random(seed)
        self._seed = seed

    async def run(self, kills: int, *, stumbles: int = 0) -> None:
        """Have it killed so often, the last times twice; returns when all that is owed has arrived."""
        self.key = await self.daemon.key()
        await self._follow_from_the_start()
        async with trio.open_nursery() as following:
            for follower in self.followers.values():
                following.start_soon(follower.run)
            async with trio.open_nursery() as producing:
                for number in range(PRODUCERS):
                    producer = Producer(self.live, self.ledger, self.key, number, self._seed)
                    producing.start_soon(producer.run)
                for kill in range(kills):
                    await trio.sleep(self._random.uniform(0.02, 0.6))
                    stumble = kill >= kills - stumbles
                    await self.live.bounce(self._random.uniform(0.2, 0.8) if stumble else 0.0)
                await trio.sleep(self._random.uniform(0.0, 0.2))
                producing.cancel_scope.cancel()
            await self._all_arrived()
            following.cancel_scope.cancel()

    async def _follow_from_the_start(self) -> None:
        async with join(self.daemon.ws_url, self.key) as peer:
            for channel in CHANNELS:
                position = (await peer.subscribe(channel))["position"]
                self.followers[channel] = Follower(self.live, self.key, channel, position, mortal=channel == "mortal")

    async def _all_arrived(self) -> None:
        """Wait for what is owed, and then for one that can only come after whatever else might still come."""
        async with self.daemon.rest(self.key) as client:
            last = {channel: await client.accept(channel, {}, priority=1, delay=900) for channel in CHANNELS}
        owed = {channel: self.owed(channel) | {last[channel]} for channel in CHANNELS}
        with trio.move_on_after(20 * PATIENCE):
            for channel, follower in self.followers.items():
                await follower.has(owed[channel])
        for channel, follower in self.followers.items():
            assert not await self._receipts(owed[channel] - follower.ids), (channel, follower.connections)

    async def _receipts(self, missing: set[str]) -> list[object]:
        """What the daemon knows of those that have not arrived."""
        async with self.daemon.rest(self.key) as client:
            return [(await client.call("GET", f"/api/notifications/{one}")).json for one in sorted(missing)]

    def owed(self, channel: str) -> set[str]:
        """What has to arrive in *channel*."""
        return {sent for sent in self.ledger.owed() if self.ledger.accepted[sent].channel == channel}

    def sent(self, channel: str) -> list[tuple[Arrival, Sent]]:
        """What arrived in *channel*, with what its producer knows of it, where that was told."""
        accepted = self.ledger.accepted
        return [(a, accepted[a.id]) for a in self.followers[channel].arrivals if a.id in accepted]


def check_order(round_: Round) -> None:
    """One producer's notifications of one priority come in the order in which they were accepted."""
    newest: dict[tuple[int, int], int] = {}
    for arrival, sent in round_.sent("main"):
        stream = (sent.producer, sent.priority)
        assert newest.get(stream, 0) < sent.number, arrival
        newest[stream] = sent.number


def check_expiry(round_: Round) -> None:
    """A replay brings nothing that had expired when it was asked for."""
    for arrival, sent in round_.sent("mortal"):
        assert not arrival.replayed or sent.expires_at > arrival.asked_at - 0.001, arrival


def check_schedule(round_: Round) -> None:
    """Nothing comes before its time, and nothing that was cancelled comes at all."""
    for arrival, sent in round_.sent("later"):
        assert arrival.arrived_at >= sent.due_at - 0.001, arrival
    assert not round_.ledger.cancelled & round_.followers["later"].ids


def check_idempotency(round_: Round) -> None:
    """What was sent again under its idempotency key, because the daemon died before it answered, came once."""
    keys = [key for arrival in round_.followers["main"].arrivals if (key := arrival.data.get("key"))]
    assert len(keys) == len(set(keys))
    assert set(round_.ledger.by_key) <= set(keys)


async def check_history(round_: Round) -> None:
    """The daemon's own history says the same as what arrived, offset by offset."""
    async with round_.daemon.rest(round_.key) as client:
        for channel in ("main", "later"):
            reply = await client.call("GET", f"/api/channels/{channel}/history?limit=1000")
            kept = [(entry["offset"], entry["id"]) for entry in reply.json["publications"]]
            arrived = [(arrival.offset, arrival.id) for arrival in round_.followers[channel].arrivals]
            assert kept == arrived[-len(kept) :]


async def kill_round(start: Starter, durability: str, seed: int, *, kills: int, stumbles: int = 0) -> Round:
    """One round with all its checks."""
    round_ = Round(await start(f"broker.durability={durability}", "delivery.max_queue_size=100000"), seed)
    await round_.run(kills, stumbles=stumbles)
    check_order(round_)
    check_expiry(round_)
    check_schedule(round_)
    check_idempotency(round_)
    await check_history(round_)
    return round_


@pytest.mark.parametrize("durability", DURABILITIES)
@within(60)
async def test_a_kill_under_load_loses_nothing(start: Starter, durability: str) -> None:
    round_ = await kill_round(start, durability, 1, kills=2)
    assert round_.followers["main"].connections >= 3
    assert len(round_.ledger.accepted) > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 2 + SLOW_ROUNDS))
@pytest.mark.parametrize("durability", DURABILITIES)
@within(120)
async def test_many_kills_under_load_lose_nothing(start: Starter, durability: str, seed: int) -> None:
    round_ = await kill_round(start, durability, seed, kills=5, stumbles=2)
    print(durability, seed, len(round_.ledger.accepted), "accepted", len(round_.ledger.cancelled), "cancelled")


@within(60)
async def test_what_expired_while_the_daemon_was_dead_never_arrives(start: Starter) -> None:
    daemon = await start("broker.durability=os")
    key = await daemon.key()
    assert (await daemon.ctl("queue", "pause")).status == 0
    async with daemon.rest(key) as client:
        dying = [await client.accept("c", {}, ttl=50) for _ in range(5)]
        lasting = [await client.accept("c", {"n": n}) for n in range(5)]
    await daemon.kill()
    await trio.sleep(0.06)  # the time that they live
    await daemon.start()
    async with join(daemon.ws_url, key, "c") as peer:
        assert (await daemon.ctl("queue", "resume")).status == 0
        assert [received["id"] for received in await peer.notifications(5)] == lasting
    async with daemon.rest(key) as client:
        for identifier in dying:
            receipt = (await client.call("GET", f"/api/notifications/{identifier}")).json["notification"]
            assert (receipt["state"], receipt["delivered"]) == ("expired", 0)


@within(60)
async def test_a_replay_after_a_kill_leaves_out_what_expired_and_counts_it(start: Starter) -> None:
    daemon = await start("broker.durability=os")
    key = await daemon.key()
    async with join(daemon.ws_url, key) as peer, daemon.rest(key) as client:
        position = (await peer.subscribe("c"))["position"]
        for n in range(6):
            await client.accept("c", {"n": n}, **({"ttl": 300} if n % 2 else {}))
        await peer.notifications(6)
    await daemon.kill()
    await trio.sleep(0.31)  # the time that half of them live
    await daemon.start()
    async with join(daemon.ws_url, key) as peer:
        answer = await peer.subscribe("c", position)
        assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (True, 3, 3)
        assert [received["offset"] for received in await peer.notifications(3)] == [1, 3, 5]
        assert answer["position"]["offset"] == 6
