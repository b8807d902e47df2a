"""The services of one node over the memory engine, and links that keep what is written to them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from notifyd.bus.local import LocalBus
from notifyd.clock import now_ms
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules, outcomes_of
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.model.notification import Kind
from notifyd.model.principal import operator
from notifyd.policy.access.sealing import Sealer
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.policy.publishing.publish import PublishRules
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import IssuedKey, KeyRules, Keys, NewKey
from notifyd.service.access.limits import RateLimiter
from notifyd.service.access.tokens import TokenRules, Tokens
from notifyd.service.clients.clients import ClientRules, Clients, Followers, NewClient
from notifyd.service.clients.devices import DeviceRules, Devices
from notifyd.service.presence.presence import Presence
from notifyd.service.publishing.publish import Publisher
from notifyd.service.receiving.connect import Connector, ConnectRules
from notifyd.service.receiving.inbox import Inboxes
from notifyd.service.receiving.subscribe import Subscriber, SubscribeRules
from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, HistoryLimits, QueueLimits
from notifyd.telemetry.metrics import Counters
from notifyd.wire.native import notification_frame

if TYPE_CHECKING:
    import trio

    from notifyd.hub.connection import Connection
    from notifyd.hub.fanout import Encoder
    from notifyd.model.client import Client
    from notifyd.model.disconnect import Disconnect
    from notifyd.model.presence import PresenceChange
    from notifyd.model.principal import Principal
    from notifyd.model.publication import Publication
    from notifyd.store.ports import Broker

DAY_MS = 86_400_000
OPERATOR = operator(DEFAULT_CLIENT)
PUBLISH_RULES = PublishRules(
    message_expiry_ms=DAY_MS,
    ageing_ms=60_000,
    max_schedule_ms=30 * DAY_MS,
    max_data_bytes=10_000,
    max_data_depth=20,
    max_channel_length=100,
)
PRESENCE_RULES = PresenceRules((PresenceRule("open.*", presence=True, join_leave=True),))
TOKEN_RULES = TokenRules(
    leeway_seconds=5, max_bytes=8192, users_subscribe=("open.*",), users_publish=(), users_may_publish=True
)


class RecordingLink:
    """A link that keeps what is written to it, and refuses once it holds `limit` writes."""

    transport = "websocket"
    answers = True
    broadcasts = True

    def __init__(self, *, address: str = "127.0.0.1", limit: int = 1000, encoding: str = "text") -> None:
        self.format = encoding
        self.address = address
        self.limit = limit
        self.waiting = 0
        self.behind: float | None = None
        self.writes: list[bytes] = []
        self.endings: list[Disconnect] = []
        self.pings = 0
        #: The marks of the pings that have one.
        self.marks: list[int] = []

    def put(self, data: bytes) -> bool:
        if len(self.writes) >= self.limit:
            return False
        self.writes.append(data)
        return True

    def ping(self, mark: int = 0) -> None:
        self.pings += 1
        if mark:
            self.marks.append(mark)

    def end(self, disconnect: Disconnect) -> None:
        self.endings.append(disconnect)

    def pending_bytes(self) -> int:
        return self.waiting

    def behind_since(self) -> float | None:
        return self.behind

    def sent_bytes(self) -> int:
        return sum(map(len, self.writes))


def text_of(publication: Publication) -> bytes:
    """A publication in a shape that tests can read."""
    if publication.inbox is not None:
        return f"{publication.user_id}@{publication.inbox.offset} ".encode()
    return f"{publication.notification.channel}/{publication.offset} ".encode()


class Node:
    """The services, wired as the daemon wires them."""

    def __init__(
        self,
        broker: Broker,
        counters: Counters,
        *,
        max_connections_per_key: int = 3,
        max_connections_per_user: int = 3,
        max_keys: int = 100,
        encoders: Mapping[str, Encoder] | None = None,
    ) -> None:
        self.broker = broker
        self.counters = counters
        #: Joins and leaves to be told.
        self.changes: list[PresenceChange] = []
        self.hub = Hub({"text": text_of, "native": notification_frame, **(encoders or {})}, counters)
        self.ring = KeyRing()
        self.records = MemoryRecords()
        self.key_store = self.records.keys
        self.sweeper = Sweeper(
            LivenessRules(heartbeat_seconds=30, connection_timeout_seconds=60, authentication_seconds=10)
        )
        rules = ClientRules(max_clients=100, secret_overlap_ms=DAY_MS)
        followers = Followers(self._rotated, self._removed)
        self.clients = Clients(self.records.clients, self.ring, Sealer(bytes(32)), rules, followers)
        self.tokens = Tokens(self.clients, TOKEN_RULES)
        self.devices = Devices(self.records.devices, self.clients, DeviceRules(max_per_user=5))
        connect_rules = ConnectRules(max_connections_per_key, max_connections_per_user)
        self.connector = Connector(self.hub, self.ring, self.tokens, self.sweeper, counters, connect_rules)
        self.keys = Keys(
            self.records.keys, self.ring, KeyRules(32, DAY_MS, max_keys), self.connector.end_key, self.clients.known
        )
        self.presence = Presence(self.hub, PRESENCE_RULES, self.changes.append)
        self.inboxes = Inboxes(self.hub, broker.inbox, counters)
        self.subscriber = Subscriber(self.hub, broker.history, SubscribeRules(5, 100), counters)
        self.publisher = Publisher(broker.queue, PUBLISH_RULES, counters, idempotency_seconds=3600)
        self.limiter = RateLimiter(enabled=False, per_minute=60, burst=60, counters=counters)
        rules = DispatchRules(batch_size=10, lease_seconds=30, retry_seconds=1, retry_max_seconds=8)
        self.dispatcher = Dispatcher(broker.queue, broker.history, LocalBus(self.hub.fan_out), rules, counters)

    def _rotated(self, client: Client) -> None:
        self.connector.end_secrets(client.id, partial(self.clients.ends_at, client.id))

    async def _removed(self, client_id: ClientId) -> None:
        self.connector.end_client(client_id)
        await self.broker.inbox.forget(client_id)

    def start(self, nursery: trio.Nursery) -> None:
        for part in (self.broker, self.sweeper, self.dispatcher):
            nursery.start_soon(part.run)

    async def key(self, *scopes: str, name: str = "tests", **fields: Any) -> IssuedKey:
        return await self.keys.create(NewKey(name, scopes=scopes, **fields))

    def link(self, **options: Any) -> Connection:
        """A connection that has not authenticated."""
        return self.connector.admit(RecordingLink(**options))

    def connect(self, principal: Principal = OPERATOR, **options: Any) -> Connection:
        """A connection of *principal*."""
        connection = self.link(**options)
        self.connector.enter(connection, principal)
        return connection

    async def connect_with(self, key: IssuedKey, **options: Any) -> Connection:
        """A connection that has authenticated with *key*."""
        connection = self.link(**options)
        self.enter(connection, key.key)
        return connection

    def enter(self, connection: Connection, key: str) -> list[str]:
        """Authenticate it with the API key *key*."""
        return self.connector.enter(connection, self.connector.principal(key, connection.link.address))

    async def client(self, name: str = "shop", secret: str = "") -> ClientId:
        """A registered client."""
        return (await self.clients.register(NewClient(name, secret))).client.id

    def token(self, user_id: str, client_id: ClientId = DEFAULT_CLIENT, **options: Any) -> str:
        """A token of a user."""
        return self.tokens.mint(client_id, UserId(user_id), **options).token

    def user(self, user_id: str, client_id: ClientId = DEFAULT_CLIENT, **options: Any) -> Connection:
        """A connection of a user, which receives the inbox from its cursor on."""
        connection = self.link(**options)
        self.connector.enter(connection, self.connector.token_principal(self.token(user_id, client_id)))
        self.inboxes.go_live(connection, self.inboxes.check(connection).position)
        return connection

    async def tell(self, *users: str, client_id: ClientId = DEFAULT_CLIENT, data: object = 1, **fields: Any) -> str:
        """Accept one notification to users; answers its id. Nothing is dispatched."""
        named = tuple(map(UserId, users))
        command = Publish(Kind.USERS, "", json.dumps(data).encode(), users=named, **fields)
        return (await self.publisher.submit(operator(client_id), command).result()).id

    async def publish(self, channel: str = "news", data: object = 1, **fields: Any) -> str:
        """Accept one notification; answers its id."""
        command = Publish(Kind.CHANNEL, channel, json.dumps(data).encode(), **fields)
        return (await self.publisher.submit(OPERATOR, command).result()).id

    async def published(self, channel: str = "news", *, count: int = 1, data: object = 1, **fields: Any) -> None:
        """Accept so many, and dispatch all that is due. Not while the dispatcher runs."""
        command = Publish(Kind.CHANNEL, channel, json.dumps(data).encode(), **fields)
        for _ in range(count):
            await self.publisher.submit(OPERATOR, command).result()
        await self.dispatch()

    async def dispatch(self) -> None:
        """One pass over what is due, as the dispatcher makes it."""
        now = now_ms()
        while leases := await self.broker.queue.lease(limit=100, lease_seconds=30, now=now):
            publications = await self.broker.history.append(leases, now=now)
            counts = await self.hub.fan_out(publications)
            await self.broker.queue.settle(outcomes_of(leases, publications, counts), now=now)


LIMITS = BrokerLimits(queue=QueueLimits(max_size=20), history=HistoryLimits(max_publications=50))


async def open_node(nursery: trio.Nursery, limits: BrokerLimits = LIMITS, **bounds: Any) -> Node:
    """A node over a broker in memory; nothing runs but its broker."""
    counters = Counters()
    broker = await open_broker(BrokerOptions(durability="memory", limits=limits), counters)
    nursery.start_soon(broker.run)
    node = Node(broker, counters, **bounds)
    await node.clients.load()
    return node


def writes(connection: Connection) -> list[str]:
    """What was written to it."""
    assert isinstance(connection.link, RecordingLink)
    return [data.decode().strip() for data in connection.link.writes]


def endings(connection: Connection) -> list[Disconnect]:
    """How it was ended."""
    assert isinstance(connection.link, RecordingLink)
    return connection.link.endings


MakeNode = Callable[..., Awaitable[Node]]
