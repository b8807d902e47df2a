"""Subscribers over WebSocket, Server-Sent Events, Socket.IO and gRPC that come back after every drop."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
import trio

from notifyd.v1 import client_pb2, client_pb2_grpc, types_pb2
from tests.crash.facts import Place
from tests.crash.log import Notes, Sometimes
from tests.crash.producers import DROPPED, GRPC_OPTIONS, in_thread
from tests.crash.rules import PASSING
from tests.e2e.peer import connect
from tests.e2e.sockets import ENGINE, SocketIo, websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.crash.log import World
    from tests.e2e.peer import Message, Peer

NOWHERE: Final = Place("", 0)
STAY_SECONDS: Final = 2.5


class Follower:
    """One subscriber of one stream: connects again whenever the daemon or a mood has ended the connection."""

    def __init__(self, world: World, name: str, stream: str, seed: int) -> None:
        self.world = world
        self.notes = Notes(world, name, stream)
        self._mood = Sometimes(seed, name, STAY_SECONDS)
        #: No moods any more: all that is owed has to come.
        self.calm = trio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.world.live.up()
            try:
                with trio.CancelScope() if self.calm.is_set() else self._mood.scope():
                    await self.follow()
            except (*DROPPED, Dropped):
                await trio.sleep(0.02)
            if not self.calm.is_set():
                await self._mood.stay_away()

    async def follow(self) -> None:
        """One connection, to its end."""
        raise NotImplementedError


class Dropped(Exception):
    """The connection ended in the midst of an answer."""


class WebSocketFollower(Follower):
    """A channel over the second WebSocket port."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        async with connect(self.world.daemon.ws_url) as peer:
            await peer.authenticate(self.world.key)
            since = self.notes.ask()
            answer = await peer.ask("subscribe", channel=self.notes.channel, **_since(since))
            not_now(answer)
            assert answer["type"] == "subscribed", answer
            began(self.notes, answer)
            while True:
                took(self.notes, await peer.notification())


class InboxFollower(Follower):
    """A user's inbox over WebSocket: by position, or with *by_cursor* from where it is proven to have arrived."""

    def __init__(self, world: World, name: str, user: str, seed: int, *, by_cursor: bool = False) -> None:
        super().__init__(world, name, f"inbox:{user}", seed)
        self._token = world.tokens[user]
        self._by_cursor = by_cursor

    async def follow(self) -> None:
        """See `Follower.follow`."""
        async with connect(self.world.daemon.ws_url) as peer:
            await _greeted(peer)
            since = self.notes.ask(resume=not self._by_cursor)
            answer = await peer.ask("authenticate", token=self._token, **_since(since))
            not_now(answer)
            assert answer["type"] == "authenticated", answer
            began(self.notes, answer)
            while True:
                took(self.notes, await peer.notification())


class SocketIoFollower(Follower):
    """A channel over Socket.IO, by position."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        token = self.world.tokens["alice"]
        async with websocket(self.world.daemon.http, f"{ENGINE}&transport=websocket") as ws:
            await ws.hear()
            socket = SocketIo(ws)
            try:
                await socket.connect(f"/client-{self.world.client_id}", {"token": token, "recovery": False})
                since = self.notes.ask()
                request = {"channel": self.notes.channel, **_since(since)}
                answer, before = await socket.ask("subscribe", request)
                not_now(answer)
                assert answer["success"], answer
                began(self.notes, answer)
                for event in before:
                    self._take(event)
                while isinstance(packet := await socket.hear(), str):
                    self._take(socket.event(packet))
            except AssertionError as exc:
                # SocketIo asserts that what it hears is no end
                raise Dropped from exc

    def _take(self, event: list[Any]) -> None:
        name, first, *_ = event
        if name == "notification" and first.get("channel") == self.notes.channel:
            place = Place(first["epoch"], first["offset"])
            self.notes.arrived(first["notificationId"], first["token"], place, first.get("attempt", 1))


class SseFollower(Follower):
    """A channel over Server-Sent Events, by Last-Event-ID."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        stream = await trio.open_tcp_stream(*self.world.daemon.http)
        async with stream:
            since = self.notes.ask()
            head = [f"GET /api/channels/{self.notes.channel}/events HTTP/1.1", "Host: localhost"]
            head += [f"X-API-Key: {self.world.key}"]
            head += [f"Last-Event-ID: {since.epoch}:{since.offset}"] if since else []
            await stream.send_all("\r\n".join([*head, "", ""]).encode())
            async with aclosing(events(stream)) as heard:
                async for event, data in heard:
                    if event == "subscribed":
                        # it does not tell how much is replayed: as much as there is between the two
                        place, recovered = _place(data["position"]), data["recovered"]
                        behind = place.offset - since.offset if since and recovered else 0
                        self.notes.began(place, recovered, behind)
                    elif event == "notification":
                        took(self.notes, data)


async def events(stream: trio.SocketStream) -> AsyncGenerator[tuple[str, Message]]:
    """The events of an answer; chunk sizes stand on lines of their own, which no event has.

    Raises:
        Dropped: it is an answer without events, for the time being.
    """
    kept = b""
    while True:
        data = await stream.receive_some(65_536)
        if not data:
            return
        if data.startswith(b"HTTP/1.1 503 "):
            raise Dropped
        *blocks, kept = (kept + bytes(data)).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            lines = [line.partition(b": ") for line in block.split(b"\n")]
            fields = {name: value for name, _, value in lines}
            if fields.get(b"event") == b"ending":
                return  # its data is a sentence
            if b"event" in fields and b"data" in fields:
                yield fields[b"event"].decode(), msgspec.json.decode(fields[b"data"])


class GrpcFollower(Follower):
    """Over gRPC, in a thread: a channel with the key, or with *user* the inbox by position."""

    def __init__(self, world: World, name: str, stream: str, seed: int, *, user: str = "") -> None:
        super().__init__(world, name, stream, seed)
        self._user = user

    async def follow(self) -> None:
        """See `Follower.follow`."""
        with grpc.insecure_channel(self.world.daemon.grpc, options=GRPC_OPTIONS) as grpc_channel:
            stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
            call = stub.Subscribe(self._request(self.notes.ask()), metadata=self._metadata())
            await in_thread(self._read, call, cancel=call.cancel)

    def _request(self, since: Place | None) -> client_pb2.SubscribeRequest:
        position = types_pb2.StreamPosition(epoch=since.epoch, offset=since.offset) if since else None
        if self._user:
            return client_pb2.SubscribeRequest(inbox_since=position)
        wish = client_pb2.ChannelPosition(channel=self.notes.channel, since=position)
        return client_pb2.SubscribeRequest(channels=[wish])

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        if self._user:
            return (("authorization", f"Bearer {self.world.tokens[self._user]}"),)
        return (("x-api-key", self.world.key),)

    def _read(self, call: Any) -> None:
        try:
            for event in call:
                self._take(event)
        except grpc.RpcError:
            return

    def _take(self, event: client_pb2.SubscribeEvent) -> None:
        if event.HasField("started"):
            started = event.started
            recovered = started.recovered if started.HasField("recovered") else None
            place = Place(started.position.epoch, started.position.offset)
            self.notes.began(place, recovered, started.replayed, started.skipped)
        else:
            came = event.publication
            token = msgspec.json.decode(came.data_json)["token"]
            self.notes.arrived(came.id, token, Place(came.position.epoch, came.position.offset), came.attempt or 1)


def not_now(answer: Message) -> None:
    """Where the broker is away nobody can be told where a stream stands: try again.

    Raises:
        Dropped: that is what the answer says.
    """
    error = answer.get("error", answer)
    if isinstance(error, dict) and error.get("code") in PASSING:
        raise Dropped


def began(notes: Notes, answer: Message) -> None:
    """A subscribe was answered in JSON."""
    notes.began(
        _place(answer["position"]), answer.get("recovered"), answer.get("replayed") or 0, answer.get("skipped") or 0
    )


def took(notes: Notes, came: Message) -> None:
    """A publication came in JSON."""
    place = _place(came) if "offset" in came else NOWHERE
    notes.arrived(came["id"], came["data"]["token"], place, came.get("attempt", 1))


def _place(position: Message) -> Place:
    return Place(position["epoch"], position["offset"])


def _since(since: Place | None) -> dict[str, object]:
    return {"since": {"epoch": since.epoch, "offset": since.offset}} if since else {}


async def _greeted(peer: Peer) -> None:
    assert (await peer.hear())["type"] == "connected"
