"""Subscribers that ack on every transport: channels with and without a name, and inboxes.

Most is acked at once. Some is refused, and some is left alone until it comes again; then it is acked.
"""

from __future__ import annotations

import random
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import grpc
import msgspec
import trio

from notifyd.v1 import client_pb2, client_pb2_grpc
from tests.crash.facts import Acked, Place
from tests.crash.followers import Dropped, Follower, began, events, took
from tests.crash.log import Notes
from tests.crash.producers import GRPC_OPTIONS, in_thread
from tests.e2e.peer import connect
from tests.e2e.sockets import ENGINE, SocketIo, websocket

if TYPE_CHECKING:
    from tests.crash.log import World
    from tests.e2e.peer import Message, Peer
    from tests.e2e.rest import Rest

_CALL_SECONDS: Final = 10.0
_NACKED: Final = 0.06
_LEFT: Final = 0.06


class AckNotes(Notes):
    """What an acker writes down; knows what it has not acked."""

    def __init__(self, world: World, name: str, stream: str, *, lasting: bool) -> None:
        super().__init__(world, name, stream)
        self.acks, self.lasting = True, lasting
        #: Ids with their offsets that came and are not known to be acked.
        self.open: dict[str, int] = {}
        #: Ids that it has acked once, whatever it did when they came again.
        self._acked: set[str] = set()
        self._newest = 0

    @property
    def owed(self) -> bool:
        """Whether something is to come again. What was acked on a connection of another node may, or may not."""
        return not self.open.keys() <= self._acked

    def arrived(self, notification_id: str, token: str, place: Place, attempt: int = 1) -> None:
        """See `Notes.arrived`. Resumes behind what is all acked, as who has no name must."""
        super().arrived(notification_id, token, place, attempt)
        self.open.setdefault(notification_id, place.offset)
        self._newest = max(self._newest, place.offset)
        self._place(place.epoch)

    def acking(self, notification_id: str, *, nack: bool) -> None:
        """It is about to say so. Whether it is heard shows when it is answered, or comes again."""
        self._note(notification_id, nack=nack, answered=False)
        if not nack:
            self._close(notification_id)
            if self.position is not None:
                self._place(self.position.epoch)

    def acked(self, notification_id: str, *, nack: bool, aside: bool = False) -> None:
        """It was answered."""
        self._note(notification_id, nack=nack, aside=aside)

    def _note(self, notification_id: str, *, nack: bool, aside: bool = False, answered: bool = True) -> None:
        ids = (notification_id,)
        self._log.add(Acked(self.name, self.connection, ids, time.time(), aside, nack, answered))

    def _close(self, notification_id: str) -> None:
        if notification_id in self.open and self.stream.startswith("inbox:"):
            # there an ack is for all that came before it as well
            before = list(self.open)
            for earlier in before[: before.index(notification_id)]:
                del self.open[earlier]
                self._acked.add(earlier)
        self.open.pop(notification_id, None)
        self._acked.add(notification_id)

    def _place(self, epoch: str) -> None:
        self.position = Place(epoch, min(self.open.values()) - 1 if self.open else self._newest)


class Acker(Follower):
    """One that acks."""

    notes: AckNotes

    def __init__(self, world: World, name: str, stream: str, seed: int, *, durable: bool = False) -> None:
        super().__init__(world, name, stream, seed)
        lasting = durable or stream.startswith("inbox:")
        self.notes = AckNotes(world, name, stream, lasting=lasting)
        #: The name of the subscription, or none.
        self.durable = name.replace(":", "-") if durable else ""
        self.token = world.tokens.get(stream.removeprefix("inbox:"), "")
        self._random = random.Random(f"{seed} {name} acks")

    def verdict_on(self, token: str, attempt: int) -> str:
        """What becomes of a delivery: ack, nack, or nothing."""
        chance = self._random.random()
        if attempt > 1 or chance > _NACKED + _LEFT:
            return "ack"
        return "nack" if chance < _NACKED else ""

    def wish(self) -> dict[str, object]:
        """The fields of a subscribe."""
        since = self.notes.ask(resume=not self.notes.lasting)
        fields: dict[str, object] = {"ack": True}
        if self.durable:
            fields["durable"] = self.durable
        if since is not None:
            fields["since"] = {"epoch": since.epoch, "offset": since.offset}
        return fields


class WebSocketAcker(Acker):
    """A channel or an inbox over WebSocket. Everything is written down in the order in which it came."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        async with connect(self.world.daemon.ws_url) as peer:
            if self.token:
                assert (await peer.hear())["type"] == "connected"
                await peer.say("authenticate", token=self.token, **self.wish())
            else:
                await peer.authenticate(self.world.key)
                await peer.say("subscribe", channel=self.notes.channel, **self.wish())
            while True:
                await self._heard(peer, await peer.hear())

    async def _heard(self, peer: Peer, message: Message) -> None:
        kind = message["type"]
        if kind in ("authenticated", "subscribed"):
            assert message["ack"] is True, message
            began(self.notes, message)
        elif kind == "notification":
            came = message["notification"]
            took(self.notes, came)
            if verdict := self.verdict_on(came["data"]["token"], came.get("attempt", 1)):
                self.notes.acking(came["id"], nack=verdict == "nack")
                await peer.say(verdict, id=came["id"], request_id=verdict)
        elif kind == "error":
            # the disk does not take it, or it was acked: on the last connection, of which another node hears last
            crossed = (message["code"], message.get("requestId")) == ("notification_not_found", "nack")
            assert crossed or message["code"] == "store_unavailable", message
        else:
            assert kind in ("acked", "nacked"), message
            self.notes.acked(message["id"], nack=kind == "nacked")


class Refuser(WebSocketAcker):
    """One that refuses some again and again, until they are given up; it acks the rest."""

    def verdict_on(self, token: str, attempt: int) -> str:
        """See `Acker.verdict_on`."""
        return "nack" if token.endswith("7") else super().verdict_on(token, attempt)


class SocketIoAcker(Acker):
    """A user's inbox over Socket.IO; acks with the event `ack`."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        async with websocket(self.world.daemon.http, f"{ENGINE}&transport=websocket") as ws:
            await ws.hear()
            socket = SocketIo(ws)
            asked: dict[str, tuple[str, bool]] = {}
            self.notes.ask(resume=False)
            try:
                auth = {"token": self.token, "ack": True}
                await socket.connect(f"/client-{self.world.client_id}", auth)
                self.notes.began(Place("", 0), None)
                while isinstance(packet := await socket.hear(), str):
                    await self._heard(socket, packet, asked)
            except AssertionError as exc:
                # SocketIo asserts that what it hears is no end
                raise Dropped from exc

    async def _heard(self, socket: SocketIo, packet: str, asked: dict[str, tuple[str, bool]]) -> None:
        head, _, _ = packet.partition("[")
        if head.startswith("3"):
            notification_id, nack = asked.pop(head.rpartition(",")[2])
            answer = msgspec.json.decode(packet[len(head) :])[0]
            if answer.get("success"):
                self.notes.acked(notification_id, nack=nack)
            return
        name, first, *_ = socket.event(packet)
        if name != "notification" or "channel" in first:
            return
        self.notes.arrived(first["notificationId"], first["token"], Place("", 0), first.get("attempt", 1))
        if verdict := self.verdict_on(first["token"], first.get("attempt", 1)):
            self.notes.acking(first["notificationId"], nack=verdict == "nack")
            number = await socket.emit(verdict, {"id": first["notificationId"]})
            asked[str(number)] = (first["notificationId"], verdict == "nack")


class SseAcker(Acker):
    """A durable channel over Server-Sent Events; acks with POST."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        daemon = self.world.daemon
        async with await trio.open_tcp_stream(*daemon.http) as stream:
            self.notes.ask(resume=False)
            target = f"/api/channels/{self.notes.channel}/events?ack=true&durable={self.durable}"
            connection_id = ""
            head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {self.world.key}\r\n\r\n"
            await stream.send_all(head.encode())
            async with daemon.rest(self.world.key) as client, aclosing(events(stream)) as heard:
                async for event, data in heard:
                    if event == "subscribed":
                        connection_id = data["connectionId"]
                        began(self.notes, data)
                    elif event == "notification":
                        took(self.notes, data)
                        if verdict := self.verdict_on(data["data"]["token"], data.get("attempt", 1)):
                            await self._say(client, connection_id, data["id"], nack=verdict == "nack")

    async def _say(self, client: Rest, connection_id: str, notification_id: str, *, nack: bool) -> None:
        body = {"connectionId": connection_id, "ids": [notification_id], "nack": nack}
        self.notes.acking(notification_id, nack=nack)
        reply = await client.call("POST", "/api/notifications/ack", body)
        if reply.status == 200:
            self.notes.acked(notification_id, nack=nack, aside=True)


class GrpcAcker(Acker):
    """A durable channel over gRPC, in a thread; acks with calls of their own."""

    async def follow(self) -> None:
        """See `Follower.follow`."""
        with grpc.insecure_channel(self.world.daemon.grpc, options=GRPC_OPTIONS) as grpc_channel:
            stub = client_pb2_grpc.NotificationServiceStub(grpc_channel)
            self.notes.ask(resume=False)
            wish = client_pb2.ChannelPosition(channel=self.notes.channel, ack=True, durable=self.durable)
            call = stub.Subscribe(client_pb2.SubscribeRequest(channels=[wish]), metadata=self._metadata())
            await in_thread(self._read, stub, call, cancel=call.cancel)

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("x-api-key", self.world.key),)

    def _read(self, stub: client_pb2_grpc.NotificationServiceStub, call: Any) -> None:
        connection_id = ""
        try:
            for event in call:
                if event.HasField("started"):
                    connection_id = event.started.connection_id
                    position, recovered = event.started.position, event.started.recovered
                    self.notes.began(Place(position.epoch, position.offset), recovered or None)
                else:
                    self._take(stub, event.publication, connection_id)
        except grpc.RpcError:
            return

    def _take(self, stub: client_pb2_grpc.NotificationServiceStub, came: Any, connection_id: str) -> None:
        attempt = came.attempt or 1
        token = msgspec.json.decode(came.data_json)["token"]
        self.notes.arrived(came.id, token, Place(came.position.epoch, came.position.offset), attempt)
        if verdict := self.verdict_on(token, attempt):
            nack = verdict == "nack"
            request = client_pb2.AckRequest(connection_id=connection_id, ids=[came.id], nack=nack)
            self.notes.acking(came.id, nack=nack)
            # not waited for: what piled up meanwhile would be read so late that it seems to come after its ack
            asked = stub.Ack.future(request, metadata=self._metadata(), timeout=_CALL_SECONDS)
            asked.add_done_callback(lambda done: self._said(done, came.id, nack=nack))

    def _said(self, done: Any, notification_id: str, *, nack: bool) -> None:
        if not done.cancelled() and done.exception() is None:
            self.notes.acked(notification_id, nack=nack, aside=True)
