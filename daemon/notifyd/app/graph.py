"""Every object of a running daemon, and how they hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd import __version__
from notifyd.app import translate
from notifyd.app.acking import compose_acks
from notifyd.app.bullmq import compose_bullmq
from notifyd.app.clients import ClientServices, compose_clients, compose_refreshing
from notifyd.app.cluster import NodeName, compose_cluster
from notifyd.app.presence import compose_presence
from notifyd.app.pushing import Pushing, compose_pushing
from notifyd.app.webhooks import Telling, compose_telling
from notifyd.bus.local import LocalBus
from notifyd.bus.open import open_bus
from notifyd.bus.ports import Bus, Peers
from notifyd.bus.shared import SharedBus
from notifyd.config import Loaded
from notifyd.dispatch.dispatcher import Dispatcher
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.ingress.bullmq.consumer import Consumer
from notifyd.ingress.edge import sse
from notifyd.ingress.edge.namespaces import dialect
from notifyd.ingress.edge.namespaces.application import NamespaceApplication
from notifyd.ingress.edge.namespaces.connection import SOCKETIO_ENCODERS
from notifyd.ingress.edge.namespaces.dialect_app import DialectApp
from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
from notifyd.ingress.edge.native import connection as native
from notifyd.ingress.edge.native.protocol import NativeProtocol
from notifyd.ingress.edge.native.services import NativeRules, NativeServices
from notifyd.policy.recovery import Pids
from notifyd.policy.sealing import Sealer
from notifyd.push.ports import PushProvider
from notifyd.service.acks import Acks
from notifyd.service.attending import Attending
from notifyd.service.channels import Channels
from notifyd.service.clients import Clients
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.connect import Connector
from notifyd.service.daemon import About, Daemon
from notifyd.service.dead_letters import DeadLetters
from notifyd.service.devices import Devices
from notifyd.service.inbox import Inboxes
from notifyd.service.keyring import KeyRing
from notifyd.service.keys import Keys
from notifyd.service.limits import RateLimiter
from notifyd.service.notifications import Notifications
from notifyd.service.presence import Presence
from notifyd.service.presence_news import PresenceNews
from notifyd.service.publish import Publisher
from notifyd.service.queue import Queue
from notifyd.service.refresh import Refresher
from notifyd.service.stats import Stats
from notifyd.service.subscribe import Subscriber
from notifyd.service.tokens import Tokens
from notifyd.service.waiting import Waiting
from notifyd.store.ports import Broker
from notifyd.store.record_ports import Records
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters
from notifyd.wire.dialect import notification_frame as dialect_frame
from notifyd.wire.native import notification_frame
from notifyd.wire.rpc import listen_frame
from notifyd.wire.sse import notification_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.publication import Publication

#: How each kind of connection receives a publication.
ENCODERS: dict[str, Callable[[Publication], bytes]] = {
    native.FORMAT: notification_frame,
    sse.FORMAT: notification_event,
    "rpc": listen_frame,
    dialect.FORMAT: dialect_frame,
    **SOCKETIO_ENCODERS,
}

#: The engine that promises such a durability; a journal where it is another one.
_ENGINES: Final = {"memory": "memory", "redis": "redis"}


class Engines(msgspec.Struct, frozen=True):
    """What was opened before anything else."""

    broker: Broker
    records: Records
    counters: Counters
    logbook: Logbook
    #: Under which secrets are sealed.
    master_key: bytes
    #: What this daemon is called among others.
    node: NodeName
    #: None where push is not configured.
    push: PushProvider | None = None


class Graph(msgspec.Struct, frozen=True):
    """The objects by name."""

    loaded: Loaded
    engines: Engines
    ring: KeyRing
    hub: Hub
    sweeper: Sweeper
    dispatcher: Dispatcher
    pushing: Pushing | None
    telling: Telling
    connector: Connector
    subscriber: Subscriber
    inboxes: Inboxes
    acks: Acks
    attending: Attending
    presence: Presence
    presence_news: PresenceNews
    publisher: Publisher
    limiter: RateLimiter
    keys: Keys
    clients: Clients
    refresher: Refresher
    tokens: Tokens
    devices: Devices
    notifications: Notifications
    waiting: Waiting
    dead_letters: DeadLetters
    queue: Queue
    channels: Channels
    connections: ServiceConnections
    stats: ServiceFigures
    bus: LocalBus | SharedBus
    peers: Peers
    nodes: Nodes
    daemon: Daemon
    native: NativeProtocol
    native_rules: NativeRules
    namespaces: NamespaceApplication
    dialect: DialectApp
    namespace_rules: NamespaceRules
    #: None where no queue of BullMQ is consumed.
    bullmq: Consumer | None


def compose(loaded: Loaded, engines: Engines, *, dev: bool) -> Graph:
    """Put everything together; nothing runs yet."""
    settings, broker, counters = loaded.settings, engines.broker, engines.counters
    hub = Hub(ENCODERS, counters)
    hub.crowds = broker.news
    bus = open_bus(broker.news, hub)
    ring = KeyRing()
    sweeper = Sweeper(translate.liveness_rules(settings))
    registered = compose_clients(settings, engines.records, ring, Sealer(engines.master_key), broker, counters)
    connector = Connector(hub, ring, registered.tokens, sweeper, counters, translate.connect_rules(settings))
    registered.aftermath.connector = connector
    subscriber = Subscriber(hub, broker.history, translate.subscribe_rules(settings), counters)
    inboxes = Inboxes(hub, broker.inbox, counters)
    publisher = _publisher(loaded, broker, counters)
    limiter = _limiter(loaded, counters)
    pushing = compose_pushing(settings, engines.push, broker, engines.records, inboxes, counters)
    notifications = Notifications(broker.queue, broker.receipts, counters)
    presence, presence_news = compose_presence(settings, hub, counters)
    telling = compose_telling(settings, hub, broker, inboxes, counters)
    keys = _keys(loaded, engines, ring, connector, registered.clients)
    native_rules, namespace_rules = translate.native_rules(settings), translate.namespace_rules(settings)
    acks = compose_acks(settings, hub, broker, subscriber, inboxes, counters, telling.desk)
    attending = Attending(broker, subscriber)
    native_services = NativeServices(
        connector, subscriber, publisher, limiter, counters, broker.durability, inboxes, acks, presence, attending
    )
    namespace_services = _namespace_services(native_services, registered, engines)
    daemon = Daemon(_about(loaded, broker, dev=dev), broker, engines.records)
    own = Stats(hub, broker, counters, unacked=lambda: acks.unacked, log_entries=lambda: len(engines.logbook.ring))
    everywhere = compose_cluster(settings, engines, hub, daemon, own)
    return Graph(
        loaded=loaded,
        engines=engines,
        ring=ring,
        hub=hub,
        sweeper=sweeper,
        dispatcher=_dispatcher(loaded, broker, bus, counters, pushing, telling),
        pushing=pushing,
        telling=telling,
        connector=connector,
        subscriber=subscriber,
        inboxes=inboxes,
        acks=acks,
        attending=attending,
        presence=presence,
        presence_news=presence_news,
        publisher=publisher,
        limiter=limiter,
        keys=keys,
        clients=registered.clients,
        refresher=compose_refreshing(settings, engines.records, ring, keys, registered, connector),
        tokens=registered.tokens,
        devices=registered.devices,
        notifications=notifications,
        waiting=Waiting(notifications, broker.receipts, max_waiters=settings.receipts.max_waiters),
        dead_letters=DeadLetters(broker.dead_letters, broker.receipts, publisher, acks, counters),
        queue=Queue(broker, counters),
        channels=Channels(hub, broker.history, max_channel_length=settings.websocket.max_channel_length),
        bus=bus,
        connections=everywhere.connections,
        stats=everywhere.figures,
        peers=everywhere.peers,
        nodes=everywhere.nodes,
        daemon=daemon,
        native=NativeProtocol(native_services, native_rules),
        native_rules=native_rules,
        namespaces=NamespaceApplication(namespace_services, namespace_rules),
        dialect=DialectApp(namespace_services, namespace_rules),
        namespace_rules=namespace_rules,
        bullmq=compose_bullmq(settings, publisher, registered.clients, broker, counters),
    )


def _namespace_services(shared: NativeServices, registered: ClientServices, engines: Engines) -> NamespaceServices:
    return NamespaceServices(
        clients=registered.clients,
        connector=shared.connector,
        inboxes=shared.inboxes,
        subscriber=shared.subscriber,
        publisher=shared.publisher,
        devices=registered.devices,
        history=engines.broker.history,
        pids=Pids(engines.master_key),
        counters=shared.counters,
        durability=shared.durability,
        presence=shared.presence,
        acks=shared.acks,
        attending=shared.attending,
    )


def _keys(loaded: Loaded, engines: Engines, ring: KeyRing, connector: Connector, clients: Clients) -> Keys:
    return Keys(engines.records.keys, ring, translate.key_rules(loaded.settings), connector.end_key, clients.known)


def _limiter(loaded: Loaded, counters: Counters) -> RateLimiter:
    limits = loaded.settings.limits
    return RateLimiter(
        enabled=limits.enabled, per_minute=limits.requests_per_minute, burst=limits.burst, counters=counters
    )


def _dispatcher(
    loaded: Loaded, broker: Broker, bus: Bus, counters: Counters, pushing: Pushing | None, telling: Telling
) -> Dispatcher:
    desk = pushing.desk if pushing is not None else None
    rules = translate.dispatch_rules(loaded.settings)
    dispatcher = Dispatcher(broker.queue, broker.history, bus, rules, counters, desk)
    telling.listen_to(dispatcher, pushing)
    return dispatcher


def _publisher(loaded: Loaded, broker: Broker, counters: Counters) -> Publisher:
    settings = loaded.settings
    rules = translate.publish_rules(settings)
    return Publisher(broker.queue, rules, counters, idempotency_seconds=settings.delivery.idempotency_seconds)


def _about(loaded: Loaded, broker: Broker, *, dev: bool) -> About:
    settings = loaded.settings
    return About(
        version=__version__,
        durability=broker.durability,
        broker_engine=_ENGINES.get(broker.durability, "sqlite"),
        records_engine="mongodb" if settings.records.url.startswith("mongodb") else "sqlite",
        state_dir=settings.server.state_dir,
        config_file=loaded.file,
        development=dev,
        push_engine="fcm" if settings.push.firebase_project_id else "none",
    )
