"""The whole of the REST interface over real sockets, on the memory engine, and a small HTTP client for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from notifyd.bus.local import LocalBus
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.ingress.edge.console.services import ConsoleServices
from notifyd.ingress.edge.listener import open_sockets
from notifyd.ingress.edge.rest.app import ChannelServiceApp
from notifyd.ingress.edge.rest.realtime import Realtime
from notifyd.ingress.edge.rest.services import RestOptions, RestServices
from notifyd.ingress.edge.rest.websocket_port import WebSocketPortApp
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.settings import EdgeSettings, HttpSettings, WebSocketSettings
from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.policy.access.sealing import Sealer
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.policy.publishing.publish import PublishRules
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import KeyRules, Keys, NewKey
from notifyd.service.access.limits import RateLimiter
from notifyd.service.access.signed_out import SignedOut
from notifyd.service.access.tokens import TokenRules, Tokens
from notifyd.service.channels import Channels
from notifyd.service.clients.clients import ClientRules, Clients, Followers, NewClient
from notifyd.service.clients.devices import DeviceRules, Devices
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.crowds import ServiceCrowds
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.daemon import About, Daemon
from notifyd.service.logs import Logs
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.dead_letters import DeadLetters
from notifyd.service.publishing.notifications import Notifications
from notifyd.service.publishing.publish import Publisher
from notifyd.service.publishing.queue import Queue
from notifyd.service.publishing.waiting import Waiting
from notifyd.service.receiving.attending import Attending
from notifyd.service.receiving.connect import Connector, ConnectRules
from notifyd.service.receiving.connections import Connections
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber, SubscribeRules
from notifyd.service.stats import Stats
from notifyd.store.memory.records import MemoryRecords
from notifyd.telemetry.prometheus import Exposition
from notifyd.telemetry.ring import Ring
from notifyd.wire.http.answer import Answer
from notifyd.wire.http.sse import notification_event
from notifyd.wire.publication import publication_json
from tests.service.acking import acks_of
from tests.service.peers import alone
from tests.webhooks.parts import endpoint, webhooks_of

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.ingress.edge.http.request import Request
    from notifyd.model.client import Client
    from notifyd.model.publication import Publication
    from notifyd.store.ports import Broker
    from notifyd.telemetry.metrics import Counters

DAY_MS = 86_400_000
ADMIN_TOKEN = "the-admin-token-of-the-tests"
PUBLISH_RULES = PublishRules(
    message_expiry_ms=DAY_MS,
    ageing_ms=60_000,
    max_schedule_ms=30 * DAY_MS,
    max_data_bytes=262_144,
    max_data_depth=64,
    max_channel_length=200,
)
TOKEN_RULES = TokenRules(leeway_seconds=5, max_bytes=8192, users_subscribe=(), users_publish=(), users_may_publish=True)


def services(
    broker: Broker,
    counters: Counters,
    state_dir: Path,
    *,
    heartbeat_seconds: float = 30.0,
    log_ring: Ring | None = None,
) -> tuple[RestServices, Hub, Sweeper]:
    """The graph of services, wired as the daemon wires it."""
    hub = Hub({"sse": notification_event, "native": publication_frame}, counters)
    ring = KeyRing()
    sweeper = Sweeper(LivenessRules(heartbeat_seconds, 60.0, 30.0))
    records = MemoryRecords()
    followers = Followers(_nobody_is_connected, partial(_forget, broker))
    clients = Clients(records.clients, ring, Sealer(bytes(32)), ClientRules(20, DAY_MS), followers)
    tokens = Tokens(clients, TOKEN_RULES)
    connector = Connector(hub, ring, tokens, sweeper, counters, ConnectRules(3, 3))
    daemon = Daemon(About("0.0.0", broker.durability, "memory", "memory", state_dir, None, False), broker)
    daemon.ready = True
    publisher = Publisher(broker.queue, PUBLISH_RULES, counters, idempotency_seconds=86_400.0)
    inboxes = Inboxes(hub, broker.inbox, counters)
    subscriber = Subscriber(hub, broker.history, SubscribeRules(1000, 200), counters)
    notifications = Notifications(broker.queue, broker.receipts, counters)
    acks = acks_of(hub, broker, subscriber, inboxes, counters)
    own = Stats(hub, broker, counters, unacked=lambda: acks.unacked, log_entries=lambda: 0)
    made = RestServices(
        publisher=publisher,
        keys=Keys(records.keys, ring, KeyRules(32, DAY_MS, 100), connector.end_key, clients.known),
        clients=clients,
        tokens=tokens,
        devices=Devices(records.devices, clients, DeviceRules(max_per_user=5)),
        inboxes=inboxes,
        connector=connector,
        subscriber=subscriber,
        notifications=notifications,
        waiting=Waiting(notifications, broker.receipts, max_waiters=3),
        dead_letters=DeadLetters(broker.dead_letters, broker.receipts, publisher, acks, counters),
        acks=acks,
        attending=Attending(broker, subscriber),
        presence=Presence(hub, PresenceRules((PresenceRule("open.*", presence=True),)), lambda change: None),
        queue=Queue(broker, counters),
        webhooks=webhooks_of(broker.queue, counters, endpoint("backend", "notification.dead")),
        channels=Channels(hub, broker.history, ServiceCrowds(hub, alone())),
        stats=ServiceFigures(own, alone()),
        daemon=daemon,
        limiter=RateLimiter(enabled=True, per_minute=60, burst=60, counters=counters),
        exposition=Exposition(counters),
        counters=counters,
        console=console_services(hub, Ring(1) if log_ring is None else log_ring),
    )
    return made, hub, sweeper


def console_services(hub: Hub, ring: Ring) -> ConsoleServices:
    """What the web console has beside REST."""
    connections = ServiceConnections(Connections(hub, node="here"), alone())
    return ConsoleServices(connections, Nodes(alone()), Logs(ring), SignedOut(alone()))


def _nobody_is_connected(client: Client) -> None:
    """Nothing ends with a secret here."""


async def _forget(broker: Broker, client_id: ClientId) -> None:
    await broker.inbox.forget(client_id)


def publication_frame(publication: Publication) -> bytes:
    """What connections that are no event streams would be sent."""
    return publication_json(publication)


class Reply(msgspec.Struct, frozen=True):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal, its shape checked."""
        body = self.json
        assert body["success"] is False
        assert body["error"]["requestId"] == self.headers["x-request-id"]
        assert body["error"]["message"]
        return str(body["error"]["code"])


class Service:
    """A running REST interface."""

    def __init__(
        self,
        broker: Broker,
        counters: Counters,
        state_dir: Path,
        options: RestOptions,
        *,
        heartbeat_seconds: float,
        realtime: Realtime | None = None,
    ) -> None:
        self.broker = broker
        #: What the console shows as the log.
        self.ring = Ring(1000)
        self.services, self.hub, self.sweeper = services(
            broker, counters, state_dir, heartbeat_seconds=heartbeat_seconds, log_ring=self.ring
        )
        self.app = ChannelServiceApp(self.services, options, realtime or Realtime(_accept_no_websocket))
        http = HttpSettings(buffered_body_bytes=65_536, linger_seconds=0.5)
        self.edge = EdgeServer(EdgeSettings(http=http, websocket=WebSocketSettings(outbox_bytes=262_144)))
        rules = DispatchRules(batch_size=100, lease_seconds=30.0, retry_seconds=1.0, retry_max_seconds=30.0)
        bus = LocalBus(self.hub.fan_out)
        self.dispatcher = Dispatcher(broker.queue, broker.history, bus, rules, self.services.counters)
        self.port = 0
        self.ws_port = 0

    async def start(self, nursery: trio.Nursery) -> None:
        nursery.start_soon(self.broker.run)
        await self.services.clients.load()
        nursery.start_soon(self.sweeper.run)
        nursery.start_soon(self.dispatcher.run)
        nursery.start_soon(self.services.acks.house.clock.run)
        await nursery.start(self.edge.run)
        self.port = self._listen(self.app)
        self.ws_port = self._listen(WebSocketPortApp(_accept_no_websocket))

    def _listen(self, app: Any) -> int:
        sockets = open_sockets("127.0.0.1", 0)
        self.edge.listen(sockets, app)
        return int(sockets[0].getsockname()[1])

    async def key(self, *scopes: str, **fields: Any) -> str:
        """A new API key."""
        return (await self.services.keys.create(NewKey("tests", scopes=scopes, **fields))).key

    async def client(self, name: str = "shop", secret: str = "", **fields: Any) -> ClientId:
        """A registered client."""
        return (await self.services.clients.register(NewClient(name, secret, **fields))).client.id

    def token(self, user_id: str, client_id: ClientId = DEFAULT_CLIENT, **options: Any) -> str:
        """A user's token."""
        return self.services.tokens.mint(client_id, user_id, **options).token

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        body: bytes | None = None,
        key: str | None = None,
        admin: bool = False,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        port: int | None = None,
    ) -> Reply:
        """One request on a connection of its own."""
        sent = {"Host": f"localhost:{self.port}", "Connection": "close"}
        if json is not None:
            body = msgspec.json.encode(json)
            sent["Content-Type"] = "application/json"
        if body is not None:
            sent["Content-Length"] = str(len(body))
        if key is not None:
            sent["X-API-Key"] = key
        if admin:
            sent["Authorization"] = f"Bearer {ADMIN_TOKEN}"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        sent |= headers or {}
        async with await trio.open_tcp_stream("127.0.0.1", port or self.port) as stream:
            await stream.send_all(head(method, path, sent) + (body or b""))
            return parse_reply(b"".join([chunk async for chunk in stream]), method)

    async def publish(self, key: str, channel: str, data: Any, **fields: Any) -> Reply:
        reply = await self.call("POST", "/api/notifications", {"channel": channel, "data": data, **fields}, key=key)
        assert reply.status == 202, reply
        return reply

    async def tell(self, client_id: str, *users: str, payload: Any = 1, **fields: Any) -> str:
        """Publish to users as an operator; the notification's id, once it is dispatched."""
        body = {"clientId": client_id, "users": users, "payload": payload, **fields}
        reply = await self.call("POST", "/api/v1/notifications", body, admin=True)
        assert reply.status == 202, reply
        await self.dispatched(None, reply.json["notificationId"])
        return str(reply.json["notificationId"])

    async def dispatched(self, key: str | None, notification_id: str) -> dict[str, Any]:
        """The receipt of a notification, once it is dispatched; without a key as operators see it."""
        while True:
            path = f"/api/notifications/{notification_id}"
            reply = await self.call("GET", path, key=key, admin=key is None)
            receipt: dict[str, Any] = reply.json["notification"]
            if receipt["state"] != "waiting":
                return receipt
            await trio.lowlevel.checkpoint()


def _accept_no_websocket(request: Request) -> Answer:
    return Answer(418, b"handshake")


def head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


def parse_reply(raw: bytes, method: str = "GET") -> Reply:
    top, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers and method != "HEAD":
        assert len(body) == int(headers["content-length"])
    return Reply(int(first.split()[1]), headers, body)


class Event(msgspec.Struct, frozen=True):
    """One server-sent event; a comment has the name `:`."""

    name: str
    data: str
    id: str | None = None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.data)


class EventSource:
    """The reading end of an event stream."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = b""
        self.reply = Reply(0, {}, b"")

    async def open(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        await self._stream.send_all(head(method, path, headers))
        self.reply = parse_reply(await self._block(b"\r\n\r\n"), "HEAD")
        return self.reply

    async def next(self) -> Event:
        block = (await self._block(b"\n\n")).decode()
        fields = dict(line.partition(": ")[::2] for line in block.strip().split("\n"))
        return Event(":" if "" in fields else fields["event"], fields.get("data", ""), fields.get("id"))

    async def close(self) -> None:
        """Leave."""
        await self._stream.aclose()

    async def rest(self) -> bytes:
        """Everything up to the end of the stream."""
        return self._buffer + b"".join([chunk async for chunk in self._stream])

    async def _block(self, end: bytes) -> bytes:
        while end not in self._buffer:
            chunk = await self._stream.receive_some()
            if not chunk:
                raise EOFError(self._buffer)
            self._buffer += chunk
        block, _, self._buffer = self._buffer.partition(end)
        return block + end
