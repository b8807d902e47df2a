"""A whole node in memory, and what a gRPC client learns of it; the servers over it are in the houses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import msgspec
import trio

from notifyd.bus.local import LocalBus
from notifyd.dispatch.dispatcher import Dispatcher, DispatchRules
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.ingress.rpc.link import StreamLink
from notifyd.ingress.rpc.services import AdminServices
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.policy.access.sealing import Sealer
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.policy.publishing.publish import PublishRules
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.service.access.key_following import KeyFollower
from notifyd.service.access.keyring import KeyRing
from notifyd.service.access.keys import KeyRules, Keys, NewKey
from notifyd.service.access.limits import RateLimiter
from notifyd.service.access.tokens import TokenRules, Tokens
from notifyd.service.channels import Channels
from notifyd.service.clients.clients import ClientRules, Clients, Followers, NewClient
from notifyd.service.clients.devices import DeviceRules, Devices
from notifyd.service.clients.refresh import Refresher
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.crowds import ServiceCrowds
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.daemon import About, Daemon
from notifyd.service.doctor import Doctor
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
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.importing import RecordImport
from notifyd.service.stats import Stats
from notifyd.store.memory.records import MemoryRecords
from notifyd.store.open import open_broker
from notifyd.store.options import BrokerLimits, BrokerOptions, HistoryLimits
from notifyd.telemetry import Counters, LogOptions, configure
from notifyd.wire.rpc.messages import LISTEN_FORMAT, listen_frame
from tests.service.acking import acks_of
from tests.service.peers import alone
from tests.webhooks.parts import endpoint, webhooks_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notifyd.bus.ports import Peers
    from notifyd.hub.connection import Connection
    from notifyd.model.client import Client
    from notifyd.store.ports import Broker

PATIENCE_SECONDS = 20
ADMIN_TOKEN = "the-admin-token"
TOKEN_RULES = TokenRules(0, 8192, users_subscribe=("open.*",), users_publish=("open.*",), users_may_publish=True)
PRESENCE_RULES = PresenceRules((PresenceRule("open.*", presence=True),))


class Refusal(msgspec.Struct, frozen=True):
    """How a call ended."""

    status: str
    message: str
    metadata: dict[str, str]

    @property
    def code(self) -> str:
        return self.metadata.get("notifyd-code", "")


def refusal_of(exc: Any) -> Refusal:
    """What a client learns from *exc*, but for the id of its call, which is never that of another."""
    told = {name: value for name, value in exc.trailing_metadata() or () if name != "x-request-id"}
    return Refusal(exc.code().name, exc.details(), told)


def collect(stream: Any, count: int) -> list[Any]:
    """The next *count* answers of a stream."""
    return [next(stream) for _ in range(count)]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what no event tells: things that happen in grpcio's threads or in the store."""
    while not condition():  # noqa: ASYNC110
        await trio.sleep(0.001)


async def end_of(stream: Any) -> Refusal:
    """How *stream* ends, whatever it still brings."""

    def read() -> Refusal:
        try:
            for _ in stream:
                pass
        except grpc.RpcError as exc:
            return refusal_of(exc)
        raise AssertionError("the stream ended well")

    return await trio.to_thread.run_sync(read)


class Node:
    """Every service, wired as the daemon wires them."""

    def __init__(
        self,
        broker: Broker,
        counters: Counters,
        folder: Path,
        *,
        outbox_bytes: int = 1 << 20,
        peers: Peers | None = None,
    ) -> None:
        self.broker = broker
        self.counters = counters
        self.hub = Hub({LISTEN_FORMAT: listen_frame}, counters)
        self.sweeper = Sweeper(LivenessRules(30, 60, 30))
        ring, records = KeyRing(), MemoryRecords()
        self.folder, self.records = folder, records
        followers = Followers(self._rotated, self._removed)
        self.clients = Clients(records.clients, ring, Sealer(bytes(32)), ClientRules(100, 60_000), followers)
        self.tokens = Tokens(self.clients, TOKEN_RULES)
        self.devices = Devices(records.devices, self.clients, DeviceRules(max_per_user=5))
        self.connector = Connector(self.hub, ring, self.tokens, self.sweeper, counters, ConnectRules(5, 5))
        self.keys = Keys(records.keys, ring, KeyRules(32, 60_000, 100), self.connector.end_key, self.clients.known)
        follower = KeyFollower(ring, self.connector.end_key, self.clients.known)
        self.refresher = Refresher(records, self.keys, self.clients, follower, self._removed, seconds=2)
        self.publisher = Publisher(
            broker.queue,
            PublishRules(86_400_000, 60_000, 86_400_000, 10_000, 20, 200),
            counters,
            idempotency_seconds=60,
        )
        self.notifications = Notifications(broker.queue, broker.receipts, counters)
        self.subscriber = Subscriber(self.hub, broker.history, SubscribeRules(50, 200), counters)
        self.inboxes = Inboxes(self.hub, broker.inbox, counters)
        self.acks = acks_of(self.hub, broker, self.subscriber, self.inboxes, counters)
        self.presence = Presence(self.hub, PRESENCE_RULES, lambda change: None)
        self.waiting = Waiting(self.notifications, broker.receipts, max_waiters=10)
        self.dead_letters = DeadLetters(broker.dead_letters, broker.receipts, self.publisher, self.acks, counters)
        self.limiter = RateLimiter(enabled=False, per_minute=60, burst=60, counters=counters)
        about = About("0.1.0", broker.durability, "memory", "memory", folder, None, development=False)
        self.daemon = Daemon(about, broker)
        self.outbox_bytes = outbox_bytes
        self.peers = peers or alone()

    def start(self, nursery: trio.Nursery) -> None:
        """Run what runs beside the servers."""
        rules = DispatchRules(100, 30, 0.1, 1)
        bus = LocalBus(self.hub.fan_out)
        dispatcher = Dispatcher(self.broker.queue, self.broker.history, bus, rules, self.counters)
        for part in (self.broker, self.sweeper, dispatcher, self.acks.house.clock):
            nursery.start_soon(part.run)

    def admin_services(self) -> AdminServices:
        """What the admin interface needs."""
        ring = configure(LogOptions(console=False), self.counters).ring
        own = Stats(
            self.hub, self.broker, self.counters, unacked=lambda: self.acks.unacked, log_entries=lambda: len(ring)
        )
        return AdminServices(
            daemon=self.daemon,
            doctor=Doctor(()),
            keys=self.keys,
            clients=self.clients,
            tokens=self.tokens,
            devices=self.devices,
            inboxes=self.inboxes,
            publisher=self.publisher,
            notifications=self.notifications,
            waiting=self.waiting,
            dead_letters=self.dead_letters,
            acks=self.acks,
            attending=Attending(self.broker, self.subscriber),
            presence=self.presence,
            connector=self.connector,
            subscriber=self.subscriber,
            queue=Queue(self.broker, self.counters),
            webhooks=webhooks_of(self.broker.queue, self.counters, endpoint("backend", "notification.dead")),
            channels=Channels(self.hub, self.broker.history, ServiceCrowds(self.hub, alone())),
            connections=ServiceConnections(Connections(self.hub, node=self.peers.node_id), self.peers),
            nodes=Nodes(self.peers),
            stats=ServiceFigures(own, self.peers),
            logs=Logs(ring),
            record_export=RecordExport(self.records),
            record_import=RecordImport(self.records, self.keys, self.clients, self.refresher, self.folder),
            admin_token=ADMIN_TOKEN,
            outbox_bytes=self.outbox_bytes,
        )

    def user(self, user_id: str, channel: str) -> Connection:
        """A connection of a user, subscribed to *channel*."""
        connection = self.connector.admit(StreamLink("rpc", limit_bytes=1000))
        self.connector.enter(connection, self.connector.token_principal(self.token(user_id)))
        self.hub.subscribe(connection, channel, offset=0)
        return connection

    async def client(self, name: str = "shop", secret: str = "") -> ClientId:
        """A registered client."""
        return (await self.clients.register(NewClient(name, secret))).client.id

    async def key(self, *scopes: str, client_id: ClientId = DEFAULT_CLIENT, **fields: Any) -> str:
        """A new API key."""
        return (await self.keys.create(NewKey("tests", client_id, scopes=scopes, **fields))).key

    def token(self, user_id: str, client_id: ClientId = DEFAULT_CLIENT, **options: Any) -> str:
        """A token of a user."""
        return self.tokens.mint(client_id, UserId(user_id), **options).token

    def _rotated(self, client: Client) -> None:
        self.connector.end_secrets(client.id, partial(self.clients.ends_at, client.id))

    async def _removed(self, client_id: ClientId) -> None:
        self.connector.end_client(client_id)
        await self.broker.inbox.forget(client_id)


async def open_node(folder: Path, history: HistoryLimits = HistoryLimits(), **options: Any) -> Node:  # noqa: B008
    """A node in memory; nothing of it runs yet."""
    counters = Counters()
    limits = BrokerLimits(history=history)
    broker = await open_broker(BrokerOptions(durability="memory", limits=limits), counters)
    return Node(broker, counters, folder, **options)
