"""Producers over REST, WebSocket and gRPC that go on over the daemon's death and write down what was accepted.

One that was not answered may have been taken or not: its producer gives it up, unless it has an idempotency key, with
which it is sent again until it is answered.
"""

from __future__ import annotations

import queue
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError
from wsproto.utilities import LocalProtocolError

from notifyd.v1 import client_pb2_grpc, types_pb2
from tests.crash.log import Composer
from tests.e2e.peer import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyd.v1 import client_pb2
    from tests.crash.facts import Published
    from tests.crash.log import World
    from tests.e2e.peer import Peer
    from tests.e2e.rest import Rest

#: Everything that a connection to a daemon that is being killed raises.
DROPPED: Final = (
    ConnectionClosed,
    HandshakeError,
    OSError,
    trio.BrokenResourceError,
    trio.TooSlowError,
    LocalProtocolError,  # trio-websocket answers a ping while it closes
)
#: No answer is waited for longer than this, however the daemon died.
ANSWER_SECONDS: Final = 30.0
REFUSED_SECONDS: Final = 0.05
#: So that a channel is not shared with what came before it, backoff included.
GRPC_OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
AHEAD: Final = 16

CHANNELS: Final = ("main", "mortal", "later", "brief")
USERS: Final = ("alice", "bob", "carol", "dora", "erin")
_WEIGHTS: Final = (8, 3, 2, 4, 3)

#: Each holds its thread as long as it is connected.
_threads: Final = trio.CapacityLimiter(200)


class RestProducer:
    """Each in strict sequence over one connection after the other; withdraws some of the scheduled ones."""

    def __init__(self, world: World, name: str, seed: int, pause_seconds: float) -> None:
        self._world = world
        self._composer = Composer(world, name, seed, in_order=True)
        self._pause_seconds = pause_seconds
        self._pending: Published | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._world.live.up()
            try:
                with trio.fail_after(ANSWER_SECONDS):
                    async with self._world.daemon.rest(self._world.key) as client:
                        await self._some(client)
            except DROPPED:
                await trio.sleep(0.01)

    async def _some(self, client: Rest) -> None:
        for _ in range(200):
            await self._one(client)
            await trio.sleep(self._composer.random.uniform(0, 2 * self._pause_seconds))

    async def _one(self, client: Rest) -> None:
        published, self._pending = self._pending or self._composer.published(_streams(self._composer)), None
        if published.idempotent:
            self._pending = published
        self._composer.begin(published)
        notification_id, code = await post(client, published)
        self._pending = None
        if code:
            self._composer.refused(published, code)
            await trio.sleep(REFUSED_SECONDS)
            return
        self._composer.accepted(published, notification_id)
        if published.due_at and self._composer.random.random() < 0.4:
            await self._cancel(client, notification_id)

    async def _cancel(self, client: Rest, notification_id: str) -> None:
        # whatever comes of it: from here on nobody can say that it has to arrive
        self._composer.cancelled(notification_id, decided=False)
        reply = await client.call("DELETE", f"/api/notifications/{notification_id}")
        if reply.status == 200:
            self._composer.cancelled(notification_id, decided=True)


async def post(client: Rest, published: Published) -> tuple[str, str]:
    """Publish it over REST; its id, or the code of the refusal."""
    body: dict[str, Any] = {"priority": published.priority}
    if published.due_at:
        body["deliverAt"] = instant(published.due_at)
    if published.expires_at:
        body["expiresAt"] = instant(published.expires_at)
    kind, _, name = published.streams[0].partition(":")
    data = {"token": published.token}
    if kind == "channel":
        path, body = "/api/notifications", body | {"channel": name, "data": data}
    else:
        users = [stream.partition(":")[2] for stream in published.streams]
        path, body = "/api/v1/notifications", body | {"users": users, "payload": data}
    reply = await client.call("POST", path, body, **_key(published))
    if reply.status == 202:
        return str(reply.json["notificationId"]), ""
    return "", str(reply.json["error"]["code"])


def _key(published: Published) -> dict[str, str]:
    return {"Idempotency_Key": published.token} if published.idempotent else {}


class WebSocketProducer:
    """In strict sequence over one WebSocket after the other, to the plainest channel: it has neither times nor keys."""

    def __init__(self, world: World, name: str, seed: int, pause_seconds: float) -> None:
        self._world = world
        self._composer = Composer(world, name, seed, in_order=True)
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._world.live.up()
            try:
                async with connect(self._world.daemon.ws_url) as peer:
                    await peer.authenticate(self._world.key)
                    while True:
                        with trio.fail_after(ANSWER_SECONDS):
                            await self._one(peer)
                        await trio.sleep(self._composer.random.uniform(0, 2 * self._pause_seconds))
            except DROPPED:
                await trio.sleep(0.01)

    async def _one(self, peer: Peer) -> None:
        published = self._composer.published(("channel:main",), plain=True)
        self._composer.begin(published)
        answer = await peer.ask("publish", channel="main", data={"token": published.token}, priority=published.priority)
        if answer["type"] == "published":
            self._composer.accepted(published, answer["notificationId"])
        else:
            self._composer.refused(published, answer["code"])


class GrpcProducer:
    """On one stream after the other, several ahead of the answers. A thread of its own, as grpcio wants it."""

    def __init__(self, world: World, name: str, seed: int, pause_seconds: float) -> None:
        self._world = world
        self._composer = Composer(world, name, seed, in_order=False)
        self._pause_seconds = pause_seconds
        self._again: deque[Published] = deque()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._world.live.up()
            with grpc.insecure_channel(self._world.daemon.grpc, options=GRPC_OPTIONS) as grpc_channel:
                stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
                sent: deque[Published] = deque()
                room: queue.Queue[bool] = queue.Queue()
                metadata = (("x-api-key", self._world.key),)
                call = stub.PublishStream(self._requests(sent, room), metadata=metadata, timeout=ANSWER_SECONDS)
                await in_thread(self._read, call, sent, room, cancel=call.cancel)
            await trio.sleep(0.02)

    def _read(self, call: Any, sent: deque[Published], room: queue.Queue[bool]) -> None:
        for _ in range(AHEAD):
            room.put(True)
        try:
            for result in call:
                self._answered(sent.popleft(), result)
                room.put(True)
        except grpc.RpcError:
            pass
        finally:
            room.put(False)
        self._again.extendleft(published for published in reversed(sent) if published.idempotent)

    def _requests(self, sent: deque[Published], room: queue.Queue[bool]) -> Iterator[types_pb2.PublishRequest]:
        for _ in range(500):
            if not room.get():
                return
            published = self._again.popleft() if self._again else self._composer.published(_streams(self._composer))
            sent.append(published)
            self._composer.begin(published)
            yield _request(published, self._world.client_id)
            time.sleep(self._composer.random.uniform(0, 2 * self._pause_seconds))

    def _answered(self, published: Published, result: client_pb2.PublishStreamResult) -> None:
        if result.HasField("accepted"):
            self._composer.accepted(published, result.accepted.notification_id)
        else:
            self._composer.refused(published, result.refused.code)


def _request(published: Published, client_id: str) -> types_pb2.PublishRequest:
    kind, _, name = published.streams[0].partition(":")
    if kind == "channel":
        target = types_pb2.Target(channel=name)
    else:
        users = [stream.partition(":")[2] for stream in published.streams]
        target = types_pb2.Target(users=types_pb2.UserTarget(user_ids=users))
    request = types_pb2.PublishRequest(
        client_id=client_id,
        target=target,
        data_json=msgspec.json.encode({"token": published.token}).decode(),
        priority=published.priority,
        idempotency_key=published.token if published.idempotent else "",
    )
    if published.due_at:
        request.deliver_at.FromMilliseconds(round(published.due_at * 1000))
    if published.expires_at:
        request.expires_at.FromMilliseconds(round(published.expires_at * 1000))
    return request


def _streams(composer: Composer) -> tuple[str, ...]:
    (kind,) = composer.random.choices((*CHANNELS, "users"), _WEIGHTS)
    if kind != "users":
        return (f"channel:{kind}",)
    count = composer.random.randint(1, len(USERS))
    return tuple(f"inbox:{user}" for user in composer.random.sample(USERS, count))


def instant(seconds: float) -> str:
    """Unix seconds as the wire has them."""
    milliseconds = round(seconds * 1000)
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{whole}.{milliseconds % 1000:03d}Z"


async def in_thread(function: Callable[..., None], *arguments: Any, cancel: Callable[[], object]) -> None:
    """Run *function* in a thread. Whoever cancels waits until *cancel* has ended it: it writes nothing later."""
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            try:
                await trio.sleep_forever()
            finally:
                cancel()

        nursery.start_soon(wait)
        await trio.to_thread.run_sync(function, *arguments, limiter=_threads)
        nursery.cancel_scope.cancel()
