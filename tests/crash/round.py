"""One round: real daemons under load, killed again and again; then everything that is owed is waited for."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

import jwt
import msgspec
import trio
from msgspec import Struct

from tests.crash.ackers import Acker, GrpcAcker, Refuser, SocketIoAcker, SseAcker, WebSocketAcker
from tests.crash.facts import Kept, Place, Placed, Settled, Turned
from tests.crash.followers import (
    Follower,
    GrpcFollower,
    InboxFollower,
    SocketIoFollower,
    SseFollower,
    WebSocketFollower,
)
from tests.crash.log import Composer, Log, World
from tests.crash.producers import CHANNELS, USERS, GrpcProducer, RestProducer, WebSocketProducer, post
from tests.crash.rules import PASSING, missed
from tests.e2e.living import Live
from tests.e2e.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crash.facts import Published
    from tests.e2e.daemon import Daemon
    from tests.e2e.rest import Rest
    from tests.valkey import Valkey

SECRET: Final = "a secret of forty characters, more or less"

#: How many kills are meant for all daemons at once, where there are several, and how many for Redis, where it may be.
ALL_SHARE: Final = 0.15
REDIS_SHARE: Final = 0.3

CATCH_UP_SECONDS: Final = 30.0


class Plan(Struct, frozen=True):
    """What a round is like."""

    seconds: float
    seed: int
    #: Between two kills, at random from half of it to one and a half.
    kill_seconds: float = 4.0
    #: Between two publishes of each producer, on average.
    pause_seconds: float = 0.03
    #: So many kills of daemons at least, however much longer they take.
    kills: int = 0


class Round:
    """The daemons of a round, which are one service, with those who use them."""

    def __init__(self, plan: Plan, daemon: Daemon, *more: Daemon, redis: Valkey | None = None) -> None:
        """All daemons run. *redis* is killed as well now and then."""
        self.plan = plan
        self._random = random.Random(plan.seed)
        self._redis = redis
        self._kills = 0
        self.live = Live(daemon, *more, seed=plan.seed)
        self.log = Log()

    async def run(self) -> Log:
        """The facts of it, all that is owed waited for."""
        world = await self._world()
        seed, pause = self.plan.seed, self.plan.pause_seconds
        producers = [RestProducer(world, f"rest{n}", seed, pause) for n in range(3)]
        more = [WebSocketProducer(world, "ws", seed, pause), GrpcProducer(world, "grpc", seed, pause)]
        ackers = _ackers(world, seed)
        followers = [*_followers(world, seed), *ackers]
        async with trio.open_nursery() as following:
            for follower in followers:
                following.start_soon(follower.run)
            await _all_there(followers)
            async with trio.open_nursery() as producing:
                for producer in (*producers, *more):
                    producing.start_soon(producer.run)
                await self.trouble()
                producing.cancel_scope.cancel()
            for follower in followers:
                follower.calm.set()
            await self._catch_up(world, followers, ackers)
            await self._given_up(world)
            following.cancel_scope.cancel()
        await self._ask_the_daemon(world)
        return self.log

    async def _world(self) -> World:
        for each in self.live.daemons:
            each.stay()
        daemon = self.live.daemon
        async with daemon.rest() as client:
            body = {"appName": "crash", "clientSecret": SECRET}
            client_id = str((await client.call("POST", "/api/v1/clients", body)).json["id"])
        claims = {"clientId": client_id, "exp": time.time() + 86_400, "channels": ["subscribe:*"]}
        tokens = {user: jwt.encode({**claims, "userId": user}, SECRET, "HS256") for user in USERS}
        made = await daemon.new_key(clientId=client_id)
        for each in self.live.daemons:
            await _known(each, made["keyId"])
        return World(self.live, self.log, key=made["apiKey"], tokens=tokens, client_id=client_id)

    async def trouble(self) -> None:
        """Kill something now and then until the time is over."""
        until = trio.current_time() + self.plan.seconds
        while True:
            pause = self.plan.kill_seconds * self._random.uniform(0.5, 1.5)
            if trio.current_time() + pause > until and self._kills >= self.plan.kills:
                await trio.sleep_until(until)
                return
            await trio.sleep(pause)
            if self._redis is not None and self._random.random() < REDIS_SHARE:
                await self._kill_redis(self._redis)
            else:
                await self._kill_daemons()

    async def _kill_daemons(self) -> None:
        """One of them, seldom all; one in four times once more while they start."""
        stumble = self._random.uniform(0.2, 0.8) if self._random.random() < 0.25 else 0.0
        one = self._random.choice(self.live.daemons)
        victims = self.live.daemons if self._random.random() < ALL_SHARE else (one,)
        self.log.add(Turned("killed", time.time()))
        await self.live.bounce(*victims, stumble_seconds=stumble)
        self.log.add(Turned("started", time.time()))
        self._kills += 1

    async def _kill_redis(self, redis: Valkey) -> None:
        """It keeps what it wrote, and is away for a moment."""
        self.log.add(Turned("redis killed", time.time()))
        redis.kill()
        await trio.sleep(self._random.uniform(0, 2))
        await trio.to_thread.run_sync(redis.start)
        self.log.add(Turned("redis started", time.time()))

    async def _catch_up(self, world: World, followers: list[Follower], ackers: list[Acker]) -> None:
        """Publish a last one to each stream, which comes behind all that is owed, and wait for it everywhere.

        Who does not get it is told by the rules.
        """
        composer = Composer(world, "last", self.plan.seed, in_order=False)
        streams = [f"channel:{name}" for name in CHANNELS] + [f"inbox:{user}" for user in USERS]
        last = {}
        async with world.daemon.rest(world.key) as client:
            for stream in streams:
                due_at = time.time() + 0.9  # later than any delay of a producer
                published = composer.last(stream, due_at)
                composer.begin(published)
                composer.accepted(published, await _accepted(client, published))
                last[stream] = published.token
        with trio.move_on_after(CATCH_UP_SECONDS * PATIENCE):
            for follower in followers:
                await until(lambda notes=follower.notes: last[notes.stream] in notes.tokens)
            for acker in ackers:
                # what expires unacked stays so, as does what is refused
                if acker.notes.stream != "channel:mortal" and not isinstance(acker, Refuser):
                    # one may be between two connections, and owe nothing of what it has not got yet
                    await until(lambda notes=acker.notes: last[notes.stream] in notes.tokens and not notes.owed)

    async def _given_up(self, world: World) -> None:
        """Wait until nothing is open any more: what was refused all the time is a dead letter then."""
        for daemon in self.live.daemons:
            with trio.move_on_after(CATCH_UP_SECONDS * PATIENCE):
                await _nothing_unacked(daemon)
        async with world.daemon.rest() as client:
            exported = await client.call("GET", "/api/dead-letters/export")
        for line in exported.body.splitlines():
            letter = msgspec.json.decode(line)
            whose = letter["durable"] or letter["connectionId"] or letter["userId"] or ""
            at = datetime.fromisoformat(letter["diedAt"]).timestamp()
            self.log.add(Settled(letter["notificationId"], "dead", whose, at))

    async def _ask_the_daemon(self, world: World) -> None:
        """Its histories, and what became of those that somebody lacks."""
        async with world.daemon.rest(world.key) as client:
            for channel in CHANNELS:
                await self._history(client, channel)
            for notification_id in sorted(missed(self.log.facts)):
                await self._receipt(client, notification_id)

    async def _receipt(self, client: Rest, notification_id: str) -> None:
        reply = await client.call("GET", f"/api/notifications/{notification_id}")
        receipt = reply.json["notification"] if reply.status == 200 else {"state": "no receipt", "position": None}
        self.log.add(Settled(notification_id, receipt["state"]))
        if (position := receipt["position"]) is not None:
            stream = f"channel:{receipt['channel']}"
            self.log.add(Placed(stream, notification_id, Place(position["epoch"], position["offset"])))

    async def _history(self, client: Rest, channel: str) -> None:
        since, more = "", True
        position = (await client.call("GET", f"/api/channels/{channel}/history?limit=1")).json["position"]
        while more:
            path = f"/api/channels/{channel}/history?limit=1000&since={since or position['epoch'] + ':0'}"
            answer = (await client.call("GET", path)).json
            for kept in answer["publications"]:
                place = Place(kept["epoch"], kept["offset"])
                self.log.add(Kept(f"channel:{channel}", kept["id"], place))
                since = f"{place.epoch}:{place.offset}"
            more = answer["more"] and bool(answer["publications"])


def _followers(world: World, seed: int) -> list[Follower]:
    """Every kind of transport, and every kind of stream."""
    made: dict[str, int] = defaultdict(int)

    def name(kind: str, stream: str) -> str:
        made[kind, stream] += 1
        return f"{kind}{made[kind, stream]}-{stream}"

    followers: list[Follower] = []
    for channel in CHANNELS:
        stream = f"channel:{channel}"
        for kind, make in (
            ("ws", WebSocketFollower),
            ("sse", SseFollower),
            ("socketio", SocketIoFollower),
            ("grpc", GrpcFollower),
        ):
            followers.append(make(world, name(kind, stream), stream, seed))
    followers += [
        InboxFollower(world, name("ws", "inbox:alice"), "alice", seed),
        InboxFollower(world, name("cursor", "inbox:bob"), "bob", seed, by_cursor=True),
        GrpcFollower(world, name("grpc", "inbox:carol"), "inbox:carol", seed, user="carol"),
    ]
    return followers


def _ackers(world: World, seed: int) -> list[Acker]:
    """Those who ack."""
    return [
        WebSocketAcker(world, "acks-ws-main", "channel:main", seed),
        WebSocketAcker(world, "acks-ws-durable-main", "channel:main", seed, durable=True),
        WebSocketAcker(world, "acks-ws-durable-mortal", "channel:mortal", seed, durable=True),
        GrpcAcker(world, "acks-grpc-durable-main", "channel:main", seed, durable=True),
        SseAcker(world, "acks-sse-durable-later", "channel:later", seed, durable=True),
        Refuser(world, "refuses-later", "channel:later", seed, durable=True),
        WebSocketAcker(world, "acks-ws-dora", "inbox:dora", seed),
        SocketIoAcker(world, "acks-socketio-erin", "inbox:erin", seed),
    ]


async def _all_there(followers: list[Follower]) -> None:
    """Wait until each has subscribed once: from then on nothing may pass them by."""
    with trio.fail_after(20 * PATIENCE):
        for follower in followers:
            await until(lambda notes=follower.notes: notes.position is not None)


async def _accepted(client: Rest, published: Published) -> str:
    """Publish it until it is accepted: what was killed last may be away for a moment more."""
    with trio.fail_after(CATCH_UP_SECONDS * PATIENCE):
        while True:
            notification_id, code = await post(client, published)
            if not code:
                return notification_id
            assert code in PASSING, code
            await trio.sleep(0.1)


async def _known(daemon: Daemon, key_id: str) -> None:
    """Wait until a daemon knows a key that another has made."""
    with trio.fail_after(20 * PATIENCE):
        async with daemon.rest() as client:
            while (await client.call("GET", f"/api/keys/{key_id}")).status != 200:  # noqa: ASYNC110
                await trio.sleep(0.05)


async def _nothing_unacked(daemon: Daemon) -> None:
    async with daemon.rest() as client:
        while (await client.call("GET", "/api/stats")).json["stats"]["acks"]["unacked"]:  # noqa: ASYNC110
            await trio.sleep(0.05)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what threads may bring about."""
    while not condition():  # noqa: ASYNC110  # a thread cannot set an event of trio's
        await trio.sleep(0.02)
