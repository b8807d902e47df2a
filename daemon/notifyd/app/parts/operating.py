"""What is asked and told about notifications, the daemon and its nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import asdict

from notifyd import __version__
from notifyd.app.parts.cluster import compose_cluster
from notifyd.app.parts.live import Live
from notifyd.service.channels import Channels
from notifyd.service.daemon import About, Daemon
from notifyd.service.publishing.dead_letters import DeadLetters
from notifyd.service.publishing.notifications import Notifications
from notifyd.service.publishing.queue import Queue
from notifyd.service.publishing.waiting import Waiting
from notifyd.service.stats import Stats

if TYPE_CHECKING:
    from notifyd.bus.ports import Peers
    from notifyd.config import Loaded
    from notifyd.service.cluster.connections import ServiceConnections
    from notifyd.service.cluster.figures import ServiceFigures
    from notifyd.service.cluster.nodes import Nodes
    from notifyd.store.ports import Broker

#: The engine that promises such a durability; a journal where it is another one.
_ENGINES: Final = {"memory": "memory", "redis": "redis"}


class Operating(Live, frozen=True, kw_only=True):
    """And what looks at them, or changes them from outside."""

    notifications: Notifications
    waiting: Waiting
    dead_letters: DeadLetters
    queue: Queue
    channels: Channels
    daemon: Daemon
    peers: Peers
    nodes: Nodes
    connections: ServiceConnections
    stats: ServiceFigures


def compose_operating(live: Live, *, dev: bool) -> Operating:
    """Put it together; nothing runs yet."""
    settings, engines, hub, acks = live.loaded.settings, live.engines, live.hub, live.acks
    broker, counters, ring = engines.broker, engines.counters, engines.logbook.ring
    notifications = Notifications(broker.queue, broker.receipts, counters)
    daemon = Daemon(_about(live.loaded, broker, dev=dev), broker, engines.records)
    own = Stats(
        hub,
        broker,
        counters,
        unacked=lambda: acks.unacked,
        log_entries=lambda: len(ring),
        rates=live.dispatcher.rates,
    )
    everywhere = compose_cluster(settings, engines, hub, daemon, own)
    return Operating(
        **asdict(live),
        notifications=notifications,
        waiting=Waiting(notifications, broker.receipts, max_waiters=settings.receipts.max_waiters),
        dead_letters=DeadLetters(broker.dead_letters, broker.receipts, live.publisher, acks, counters),
        queue=Queue(broker, counters),
        channels=Channels(
            hub, broker.history, everywhere.crowds, max_channel_length=settings.websocket.max_channel_length
        ),
        daemon=daemon,
        peers=everywhere.peers,
        nodes=everywhere.nodes,
        connections=everywhere.connections,
        stats=everywhere.figures,
    )


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
