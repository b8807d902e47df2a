"""A crowd that comes and goes on every transport: polite ones, slow ones and rude ones.

Each kind is one visit, made again and again by as many as `CROWD` says, with pauses that leave the machine room.
"""

from __future__ import annotations

import random
import socket
import struct
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import grpc
import jwt
import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError
from wsproto.utilities import LocalProtocolError

from notifyd.v1 import client_pb2, client_pb2_grpc, types_pb2
from tests.crash.followers import events
from tests.crash.producers import GRPC_OPTIONS, in_thread
from tests.e2e.peer import Peer, connect
from tests.e2e.raw import raw
from tests.e2e.sockets import ENGINE, Refused, SocketIo, polling, websocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.daemon import Daemon

    Visit = Callable[["Visitor"], Awaitable[None]]

SECRET: Final = "a secret of forty characters, more or less"
USERS: Final = 30
CHANNELS: Final = tuple(f"c{n}" for n in range(20))

#: How a visit may end, when the daemon or the visitor has had enough of the other.
ENDINGS: Final = (
    ConnectionClosed,
    HandshakeError,
    OSError,
    trio.BrokenResourceError,
    trio.TooSlowError,
    Refused,
    grpc.RpcError,
    LocalProtocolError,  # trio-websocket answers a ping while it closes
)


class Place:
    """The daemon, and what opens its doors."""

    def __init__(self, daemon: Daemon, key: str, client_id: str) -> None:
        self.daemon = daemon
        self.key = key
        self.client_id = client_id
        claims = {"clientId": client_id, "exp": time.time() + 86_400, "channels": ["*"]}
        self.tokens = [jwt.encode({**claims, "userId": f"u{n}"}, SECRET, "HS256") for n in range(USERS)]


class Visitor:
    """One of the crowd."""

    def __init__(self, place: Place, seed: str) -> None:
        self.place = place
        self.random = random.Random(seed)

    async def stay(self, seconds: float) -> None:
        """A while, on average so long."""
        await trio.sleep(self.random.uniform(0.2, 1.8) * seconds)

    def channel(self) -> str:
        """Any channel."""
        return self.random.choice(CHANNELS)

    def token(self) -> str:
        """Any user's."""
        return self.random.choice(self.place.tokens)

    async def listen(self, peer: Peer, seconds: float) -> None:
        """Read what comes for a while."""
        with trio.move_on_after(self.random.uniform(0.2, 1.8) * seconds):
            while True:
                await peer.hear()


async def subscriber(me: Visitor) -> None:
    """Several channels over WebSocket; leaves some of them before it goes."""
    async with connect(me.place.daemon.ws_url) as peer:
        await peer.authenticate(me.place.key)
        channels = me.random.sample(CHANNELS, 4)
        for channel in channels:
            await peer.say("subscribe", channel=channel)
        await me.listen(peer, 2)
        for channel in channels[:2]:
            await peer.say("unsubscribe", channel=channel)
        await me.listen(peer, 0.3)


async def user(me: Visitor) -> None:
    """An inbox over WebSocket; acks what comes by hand."""
    async with connect(me.place.daemon.ws_url) as peer:
        await peer.hear()
        await peer.say("authenticate", token=me.token())
        await _acking(me, peer)


async def acker(me: Visitor) -> None:
    """A channel and an inbox with acks; acks most, refuses some, and forgets the rest."""
    async with connect(me.place.daemon.ws_url) as peer:
        await peer.hear()
        await peer.say("authenticate", token=me.token(), ack=True)
        await peer.say("subscribe", channel=me.channel(), ack=True)
        await _acking(me, peer)


async def durable(me: Visitor) -> None:
    """A durable subscription, one of few names."""
    async with connect(me.place.daemon.ws_url) as peer:
        await peer.authenticate(me.place.key)
        number = me.random.randrange(12)
        await peer.say("subscribe", channel=CHANNELS[number], ack=True, durable=f"d{number}")
        await _acking(me, peer)


async def _acking(me: Visitor, peer: Peer) -> None:
    with trio.move_on_after(me.random.uniform(1, 5)):
        while True:
            message = await peer.hear()
            if message["type"] != "notification":
                continue
            chance = me.random.random()
            if chance < 0.9:
                await peer.say("ack" if chance < 0.85 else "nack", id=message["notification"]["id"])


async def present(me: Visitor) -> None:
    """A channel that tells who is in it."""
    async with connect(me.place.daemon.ws_url) as peer:
        await peer.hear()
        await peer.say("authenticate", token=me.token())
        await peer.say("subscribe", channel="present")
        await peer.say("presence", channel="present")
        await me.listen(peer, 2)


async def event_stream(me: Visitor) -> None:
    """Server-Sent Events, left without a word."""
    async with await trio.open_tcp_stream(*me.place.daemon.http) as stream:
        head = (
            f"GET /api/channels/{me.channel()}/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {me.place.key}\r\n\r\n"
        )
        await stream.send_all(head.encode())
        with trio.move_on_after(me.random.uniform(0.5, 4)):
            async with aclosing(events(stream)) as heard:
                async for _ in heard:
                    pass


async def socketio(me: Visitor) -> None:
    """Socket.IO over WebSocket or polling."""
    if me.random.random() < 0.7:
        async with websocket(me.place.daemon.http, f"{ENGINE}&transport=websocket") as ws:
            await ws.hear()
            await _socketio(me, SocketIo(ws))
    else:
        async with polling(me.place.daemon.http) as session:
            await _socketio(me, SocketIo(session))


async def _socketio(me: Visitor, io: SocketIo) -> None:
    await io.carrier.send(f'40/client-{me.place.client_id},{{"token":"{me.token()}"}}')
    with trio.move_on_after(me.random.uniform(0.5, 4)):
        while isinstance(await io.hear(), str):
            pass


async def rpc(me: Visitor) -> None:
    """gRPC: a channel and an inbox."""
    with grpc.insecure_channel(me.place.daemon.grpc, options=GRPC_OPTIONS) as grpc_channel:
        stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
        wish = client_pb2.SubscribeRequest(channels=[client_pb2.ChannelPosition(channel=me.channel())])
        call = stub.Subscribe(wish, metadata=(("authorization", f"Bearer {me.token()}"),), timeout=60)
        with trio.move_on_after(me.random.uniform(0.5, 4)):
            await in_thread(_read, call, cancel=call.cancel)


def _read(call: Any) -> None:
    try:
        for _ in call:
            pass
    except grpc.RpcError:
        return


async def sleeper(me: Visitor) -> None:
    """Subscribes to what floods, and reads nothing until it is cut off, or for long enough."""
    async with raw(me.place.daemon.ws, receive_buffer=4096) as peer:
        await peer.subscribe(me.place.key, "flood")
        await me.stay(20)


async def producer(me: Visitor) -> None:
    """REST: to channels, users and everybody, now and then with a time to live, a delay or a key."""
    async with me.place.daemon.rest(me.place.key) as client:
        for number in range(40):
            data = {"n": number, "filling": "x" * me.random.randrange(400)}
            more: dict[str, Any] = me.random.choice(({}, {}, {"ttl": 500}, {"delay": 300}, {"priority": 9}))
            keys = {"Idempotency_Key": f"{me.random.random()}"} if me.random.random() < 0.2 else {}
            chance = me.random.random()
            if chance < 0.6:
                path, body = "/api/notifications", {"channel": me.channel(), "data": data}
            elif chance < 0.9:
                path, body = "/api/v1/notifications", {"users": [f"u{me.random.randrange(USERS)}"], "payload": data}
            else:
                path, body = "/api/notifications/broadcast", {"data": data}
            reply = await client.call("POST", path, body | more, **keys)
            assert reply.status in (202, 429), reply
            await me.stay(0.04)


async def flooder(me: Visitor) -> None:
    """Now and then more than a sleeper can hold, the kernel's buffers included, before it counts as dead."""
    async with me.place.daemon.rest(me.place.key) as client:
        batch = [{"channel": "flood", "data": "x" * 30_000}] * 30
        for _ in range(8):
            reply = await client.call("POST", "/api/notifications/batch", {"notifications": batch})
            assert reply.status in (202, 429), reply
    await me.stay(10)


async def rpc_producer(me: Visitor) -> None:
    """A stream of publishes over gRPC."""
    data = msgspec.json.encode({"by": "rpc"}).decode()
    target = types_pb2.Target(channel=me.channel())
    request = types_pb2.PublishRequest(client_id=me.place.client_id, target=target, data_json=data)

    def publish() -> None:
        with grpc.insecure_channel(me.place.daemon.grpc, options=GRPC_OPTIONS) as grpc_channel:
            stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
            metadata = (("x-api-key", me.place.key),)
            for _ in stub.PublishStream(iter([request] * 20), metadata=metadata, timeout=30):
                pass

    await trio.to_thread.run_sync(publish)
    await me.stay(0.5)


async def rude(me: Visitor) -> None:
    """Whatever one should not do."""
    await me.random.choice((_half_request, _nonsense, _reset, _bad_frame, _wrong_credentials, _silent))(me)
    await me.stay(0.3)


async def _half_request(me: Visitor) -> None:
    async with await trio.open_tcp_stream(*me.place.daemon.http) as stream:
        await stream.send_all(b"POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        await me.stay(0.5)


async def _nonsense(me: Visitor) -> None:
    address = me.random.choice((me.place.daemon.http, me.place.daemon.ws))
    async with await trio.open_tcp_stream(*address) as stream:
        await stream.send_all(me.random.randbytes(300))
        with trio.move_on_after(1):
            await stream.receive_some()


async def _reset(me: Visitor) -> None:
    async with raw(me.place.daemon.ws) as peer:
        await peer.subscribe(me.place.key, me.channel())
        await me.stay(0.3)
        peer.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def _bad_frame(me: Visitor) -> None:
    async with raw(me.place.daemon.ws) as peer:
        await peer.subscribe(me.place.key, me.channel())
        await peer.stream.send_all(b"\xff" * 20)
        await peer.ended()


async def _wrong_credentials(me: Visitor) -> None:
    async with raw(me.place.daemon.ws) as peer:
        await peer.say({"type": "authenticate", "apiKey": "wrong" * 8})
        await peer.ended()
    async with me.place.daemon.rest("wrong" * 8) as client:
        assert (await client.call("POST", "/api/notifications", {"channel": "c", "data": 1})).status == 401


async def _silent(me: Visitor) -> None:
    async with raw(me.place.daemon.ws):
        await me.stay(1)


#: How many of each there are: under 300 connections at once.
CROWD: Final[dict[Visit, int]] = {
    subscriber: 60,
    user: 20,
    acker: 12,
    durable: 10,
    present: 10,
    event_stream: 20,
    socketio: 20,
    rpc: 6,
    sleeper: 6,
    rude: 16,
    producer: 6,
    flooder: 1,
    rpc_producer: 2,
}


async def visit(place: Place, kinds: dict[Visit, int]) -> None:
    """Have everybody come again and again, until cancelled."""
    async with trio.open_nursery() as nursery:
        for kind, count in kinds.items():
            for number in range(count):
                nursery.start_soon(_again_and_again, kind, Visitor(place, f"{kind.__name__} {number}"))


async def _again_and_again(kind: Visit, me: Visitor) -> None:
    while True:
        await me.stay(0.5)
        try:
            await kind(me)
        except* ENDINGS:
            pass
