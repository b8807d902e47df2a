"""Those who listen: one class an interface, each of which keeps the numbers of what it was sent, in order."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, ClassVar

import grpc
import msgspec
import trio

from notifyd.v1 import client_pb2 as pb
from notifyd.v1.client_pb2_grpc import NotificationServiceStub
from tests.e2e.rest import Rest
from tests.e2e.sockets import ENGINE, Polling, SocketIo, WebSocket, open_websocket

if TYPE_CHECKING:
    from tests.property.isolation_world import Tenant, World


class Peer:
    """One live link of a tenant, with its key or as one of its users."""

    #: Whether it is named by an id that it was told.
    has_id: ClassVar[bool] = True

    def __init__(self, world: World, tenant: Tenant, user: str) -> None:
        self.world = world
        self.tenant = tenant
        self.user = user
        self.sid = ""
        self.channels: set[str] = set()
        #: Numbers, as they came.
        self.got: list[int] = []
        #: Numbers, as the model has them.
        self.due: list[int] = []
        self.open_streams: list[trio.abc.AsyncResource] = []

    async def open(self) -> None:
        """Connect and be let in."""
        raise NotImplementedError

    async def settle(self) -> None:
        """Take everything in that was written before now, prove it where that is asked for, and compare."""
        await self.catch_up()
        assert self.got == self.due, f"{self}: {self.got} instead of {self.due}"

    async def catch_up(self) -> None:
        """Take in what was written before now."""
        raise NotImplementedError

    async def subscribe(self, channel: str) -> None:
        """Ask for a channel."""
        raise NotImplementedError

    async def close(self) -> None:
        """Leave, and wait until the daemon has noticed."""
        await self.drop()
        while self.sid and self.world.graph.hub.connection(self.sid) is not None:
            await trio.lowlevel.checkpoint()

    async def drop(self) -> None:
        """Let go of what is open."""
        for stream in self.open_streams:
            await stream.aclose()

    def take(self, fields: dict[str, Any]) -> None:
        """One notification came."""
        assert fields["of"] == self.tenant.id, f"{self} was sent what is another client's: {fields}"
        self.got.append(fields["n"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.tenant.id[:4]}, {self.user or 'key'})"


class NativePeer(Peer):
    """Plain JSON over WebSocket."""

    ws: WebSocket

    async def open(self) -> None:
        self.ws = await open_websocket(self.world.served.http if self.user else self.world.served.ws, "/")
        self.open_streams.append(self.ws.stream)
        self.sid = (await self._hear())["connectionId"]
        credential = {"token": self.tenant.tokens[self.user]} if self.user else {"apiKey": self.tenant.key}
        assert (await self.ask("authenticate", **credential))["type"] == "authenticated"

    async def _hear(self) -> dict[str, Any]:
        message = await self.ws.hear()
        assert isinstance(message, str), f"{self}: {message}"
        return dict(msgspec.json.decode(message))

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """One message and its answer; notifications on the way are kept."""
        await self.ws.send(msgspec.json.encode({"type": kind, "requestId": "r", **fields}).decode())
        while (message := await self._hear()).get("requestId") != "r":
            assert message["type"] == "notification", message
            self.take(message["notification"]["data"])
        return message

    async def catch_up(self) -> None:
        before = -1
        while before != self.ws.pings:
            before = self.ws.pings
            assert (await self.ask("ping"))["type"] == "pong"

    async def subscribe(self, channel: str) -> None:
        assert (await self.ask("subscribe", channel=channel))["type"] == "subscribed"


class SocketPeer(Peer):
    """Socket.IO."""

    transport: ClassVar[str] = "websocket"
    io: SocketIo

    async def open(self, **more: object) -> None:
        await self._open_transport()
        auth = {"clientId": self.tenant.id, "token": self.tenant.tokens[self.user], **more}
        answer = await self.io.connect(self.tenant.namespace, auth)
        assert "error" not in answer, answer
        self.sid = self.io.sid

    async def _open_transport(self) -> None:
        ws = await open_websocket(self.world.served.http, f"{ENGINE}&transport=websocket")
        self.open_streams = [ws.stream]
        self.io = SocketIo(ws)
        await ws.hear()

    async def come_back(self) -> None:
        """As stock clients recover their state."""
        sid, pid, offset = self.sid, self.io.pid, self.io.offset
        await self.open(pid=pid, **({} if offset is None else {"offset": offset}))
        assert self.sid == sid, "the state was not recovered"
        self.io.offset = offset

    async def ask(self, event: str, *arguments: Any) -> Any:
        """An event and its ack."""
        answer, before = await self.io.ask(event, *arguments)
        for name, *rest in before:
            if name == "notification":
                self.take(rest[0])
        return answer

    async def catch_up(self) -> None:
        before = -1
        while before != self.io.pings:
            before = self.io.pings
            await self.ask("ping")

    async def subscribe(self, channel: str) -> None:
        assert (await self.ask("subscribe", {"channel": channel}))["success"]


class PollingPeer(SocketPeer):
    """Socket.IO over polling."""

    transport = "polling"

    async def _open_transport(self) -> None:
        get, post = [await trio.open_tcp_stream(*self.world.served.http) for _ in range(2)]
        self.open_streams = [get, post]
        session = Polling(Rest(get, "localhost"), Rest(post, "localhost"))
        await session.open()
        self.io = SocketIo(session)

    async def close(self) -> None:
        assert isinstance(self.io.carrier, Polling)
        await self.io.carrier.send("1")
        await super().close()


class DialectPeer(Peer):
    """Plain JSON frames in a namespace."""

    ws: WebSocket

    async def open(self) -> None:
        target = f"{self.tenant.namespace}?EIO=4&transport=websocket&clientId={self.tenant.id}"
        self.ws = await open_websocket(self.world.served.http, f"{target}&token={self.tenant.tokens[self.user]}")
        self.open_streams.append(self.ws.stream)
        self._ids = itertools.count()
        connected = await self._hear()
        assert connected["event"] == "connected", connected
        self.sid = connected["data"]["socketId"]

    async def _hear(self) -> dict[str, Any]:
        message = await self.ws.hear()
        assert isinstance(message, str), f"{self}: {message}"
        return dict(msgspec.json.decode(message))

    async def ask(self, event: str, data: object = None) -> Any:
        """One message and its answer."""
        number = next(self._ids)
        await self.ws.send(msgspec.json.encode({"event": event, "data": data, "id": number}).decode())
        while (message := await self._hear())["event"] != "ack":
            if message["event"] == "notification":
                self.take(message["data"])
        assert message["id"] == number
        return message["data"]

    async def catch_up(self) -> None:
        before = -1
        while before != self.ws.pings:
            before = self.ws.pings
            await self.ask("ping")

    async def subscribe(self, channel: str) -> None:
        assert (await self.ask("subscribe", {"channel": channel}))["success"]


class EventsPeer(Peer):
    """Server-Sent Events of one channel, with the key."""

    has_id = False

    async def open(self) -> None:
        stream = await trio.open_tcp_stream(*self.world.served.http)
        self.open_streams.append(stream)
        self._stream, self._text = stream, ""
        (channel,) = self.channels
        lines = [f"GET /api/channels/{channel}/events HTTP/1.1", "Host: localhost", f"X-API-Key: {self.tenant.key}"]
        await stream.send_all("\r\n".join([*lines, "", ""]).encode())
        while "event: subscribed" not in self._text:
            await self._more()

    async def _more(self) -> None:
        data = await self._stream.receive_some(65_536)
        assert data, f"{self}: {self._text}"
        self._text += data.decode()

    async def catch_up(self) -> None:
        self._take()
        while len(self.got) < len(self.due):
            await self._more()
            self._take()

    def _take(self) -> None:
        *blocks, self._text = self._text.split("\n\n")
        for block in blocks:
            fields = dict(line.partition(": ")[::2] for line in block.splitlines())
            if fields.get("event") == "notification":
                self.take(msgspec.json.decode(fields["data"])["data"])


class StreamPeer(Peer):
    """A gRPC stream of channels and broadcasts, with the key."""

    has_id = False

    async def open(self) -> None:
        channels = [pb.ChannelPosition(channel=channel) for channel in sorted(self.channels)]
        request = pb.SubscribeRequest(channels=channels, broadcasts=True)
        stub = NotificationServiceStub(self.world.grpc_channel)
        self._stream = stub.Subscribe(request, metadata=(("x-api-key", self.tenant.key),), timeout=300)
        for _ in channels:
            assert (await self._next()).HasField("started")

    async def _next(self) -> Any:
        return await trio.to_thread.run_sync(next, self._stream, abandon_on_cancel=True)

    async def catch_up(self) -> None:
        while len(self.got) < len(self.due):
            event = await self._next()
            self.take(msgspec.json.decode(event.publication.data_json))

    async def drop(self) -> None:
        self._stream.cancel()

        def drained() -> None:
            try:
                for _ in self._stream:
                    pass
            except grpc.RpcError:
                return

        await trio.to_thread.run_sync(drained)
