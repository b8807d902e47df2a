"""Every object of a running daemon, and how they hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd import __version__
from notifyd.app import translate
from notifyd.bus.local import LocalBus
from notifyd.config import Loaded
from notifyd.dispatch.dispatcher import Dispatcher
from notifyd.hub.hub import Hub
from notifyd.hub.sweeper import Sweeper
from notifyd.ingress.edge import native, sse
from notifyd.ingress.edge.native import NativeProtocol, NativeRules, NativeServices
from notifyd.service.channels import Channels
from notifyd.service.clients import known_client
from notifyd.service.connect import Connector
from notifyd.service.connections import Connections
from notifyd.service.daemon import About, Daemon
from notifyd.service.keyring import KeyRing
from notifyd.service.keys import Keys
from notifyd.service.limits import RateLimiter
from notifyd.service.notifications import Notifications
from notifyd.service.publish import Publisher
from notifyd.service.queue import Queue
from notifyd.service.stats import Stats
from notifyd.service.subscribe import Subscriber
from notifyd.store.ports import Broker, Records
from notifyd.telemetry.logs import Logbook
from notifyd.telemetry.metrics import Counters
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
}


class Engines(msgspec.Struct, frozen=True):
    """What was opened before anything else."""

    broker: Broker
    records: Records
    counters: Counters
    logbook: Logbook


class Graph(msgspec.Struct, frozen=True):
    """The objects by name."""

    loaded: Loaded
    engines: Engines
    ring: KeyRing
    hub: Hub
    sweeper: Sweeper
    dispatcher: Dispatcher
    connector: Connector
    subscriber: Subscriber
    publisher: Publisher
    limiter: RateLimiter
    keys: Keys
    notifications: Notifications
    queue: Queue
    channels: Channels
    connections: Connections
    stats: Stats
    daemon: Daemon
    native: NativeProtocol
    native_rules: NativeRules


def compose(loaded: Loaded, engines: Engines, *, dev: bool) -> Graph:
    """Put everything together; nothing runs yet."""
    settings, broker, counters = loaded.settings, engines.broker, engines.counters
    hub = Hub(ENCODERS, counters)
    ring = KeyRing()
    sweeper = Sweeper(translate.liveness_rules(settings))
    limit = settings.keys.max_connections_per_key
    connector = Connector(hub, ring, sweeper, counters, max_connections_per_key=limit)
    subscriber = Subscriber(hub, broker.history, translate.subscribe_rules(settings), counters)
    publisher = Publisher(
        broker.queue,
        translate.publish_rules(settings),
        counters,
        idempotency_seconds=settings.delivery.idempotency_seconds,
    )
    limits = settings.limits
    limiter = RateLimiter(
        enabled=limits.enabled, per_minute=limits.requests_per_minute, burst=limits.burst, counters=counters
    )
    native_rules = translate.native_rules(settings)
    services = NativeServices(connector, subscriber, publisher, limiter, counters, broker.durability)
    return Graph(
        loaded=loaded,
        engines=engines,
        ring=ring,
        hub=hub,
        sweeper=sweeper,
        dispatcher=Dispatcher(
            broker.queue, broker.history, LocalBus(hub.fan_out), translate.dispatch_rules(settings), counters
        ),
        connector=connector,
        subscriber=subscriber,
        publisher=publisher,
        limiter=limiter,
        keys=Keys(engines.records.keys, ring, translate.key_rules(settings), connector.end_key, known_client),
        notifications=Notifications(broker.queue, broker.receipts, counters),
        queue=Queue(broker.queue, counters),
        channels=Channels(hub, broker.history, max_channel_length=settings.websocket.max_channel_length),
        connections=Connections(hub),
        stats=Stats(hub, broker, counters),
        daemon=Daemon(_about(loaded, broker, dev=dev), broker),
        native=NativeProtocol(services, native_rules),
        native_rules=native_rules,
    )


def _about(loaded: Loaded, broker: Broker, *, dev: bool) -> About:
    settings = loaded.settings
    return About(
        version=__version__,
        durability=broker.durability,
        broker_engine="memory" if broker.durability == "memory" else "sqlite",
        records_engine="sqlite",
        state_dir=settings.server.state_dir,
        config_file=loaded.file,
        development=dev,
    )
