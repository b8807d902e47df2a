"""Values of the moment that Prometheus is told: what there is of everything, and how the daemon is."""

from __future__ import annotations

import platform
from collections import Counter
from typing import TYPE_CHECKING

import trio

from notifyd.app.showing.bounds import bound_gauges, limits
from notifyd.telemetry.machine import memory_limit_bytes
from notifyd.telemetry.prometheus import Gauge

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.parts.graph import Graph
    from notifyd.config import Settings
    from notifyd.ingress.edge.socketio.server import SocketIoServer
    from notifyd.service.daemon import Daemon
    from notifyd.telemetry.prometheus import Labelled


def gauges(graph: Graph, in_force: Callable[[], Settings], socketio: SocketIoServer) -> list[Gauge]:
    """All of them; *in_force* answers the settings of the moment."""
    look = _Look(graph)
    return [
        *_of_the_daemon(graph),
        Gauge("connections", "Live connections.", look.transports, label="transport"),
        Gauge("outbox_bytes", "Bytes that wait for slow connections.", look.outbox_bytes),
        Gauge("socketio_sessions", "Sessions of Socket.IO that began with polling.", lambda: socketio.session_count),
        Gauge("channels", "Channels with subscribers.", lambda: graph.hub.channel_count),
        Gauge("subscriptions", "Subscriptions of all connections.", lambda: graph.hub.subscription_count),
        *_of_the_queue(graph),
        *_of_streams(graph),
        *_of_guarantees(graph),
        *bound_gauges(graph),
        Gauge("clients", "Registered clients.", lambda: len(graph.clients.list())),
        Gauge(
            "push_paused_seconds",
            "For how long the push provider is left alone.",
            lambda: graph.pushing.router.paused_seconds() if graph.pushing else 0.0,
        ),
        Gauge(
            "pushes_in_flight",
            "Pushes that are being sent.",
            lambda: graph.pushing.router.in_flight if graph.pushing else 0,
        ),
        Gauge("tasks", "Tasks of the event loop.", lambda: trio.lowlevel.current_statistics().tasks_living),
        Gauge("limit", "Bounds in force.", lambda: limits(in_force()), label="name"),
    ]


class _Look:
    """One pass over the connections for two gauges: there may be many of them."""

    def __init__(self, graph: Graph) -> None:
        self._hub = graph.hub
        self._outbox_bytes = 0

    def transports(self) -> dict[str, float]:
        """How many there are by transport; to be read first."""
        found = Counter[str]()
        waiting = 0
        for connection in self._hub.connections():
            found[connection.link.transport] += 1
            waiting += connection.link.pending_bytes()
        self._outbox_bytes = waiting
        return dict(found)

    def outbox_bytes(self) -> int:
        """What waited in their outboxes then."""
        return self._outbox_bytes


def _of_the_daemon(graph: Graph) -> list[Gauge]:
    daemon, about, most = graph.daemon, graph.daemon.about, memory_limit_bytes()
    build = (about.version, platform.python_version(), about.broker_engine, about.records_engine, about.durability)
    return [
        Gauge(
            "build_info",
            "1, with what this daemon is made of.",
            lambda: _one(1, *build),
            label="version python broker records durability",
        ),
        Gauge("ready", "1 while notifications are taken, as /api/health/ready tells.", lambda: float(daemon.accepting)),
        Gauge("draining", "1 while the daemon is going down.", lambda: float(daemon.draining)),
        Gauge(
            "engine_up",
            "1 where an engine works, as /api/health/ready tells.",
            lambda: _engines(daemon),
            label="engine kind",
        ),
        Gauge(
            "tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use ends, since the Unix epoch; without TLS there is none.",
            lambda: {} if daemon.certificate_ends_at is None else _one(daemon.certificate_ends_at() / 1000),
        ),
        Gauge("memory_limit_bytes", "Memory that the machine or the container allows; 0 for no bound.", lambda: most),
        Gauge("disk_free_bytes", "Bytes that are free under the state folder.", lambda: _disk(graph, 0)),
        Gauge("disk_size_bytes", "Bytes of the file system of the state folder.", lambda: _disk(graph, 1)),
    ]


def _engines(daemon: Daemon) -> Labelled:
    up: dict[tuple[str, ...], float] = {}
    for engine in daemon.engines():
        up |= _one(engine.healthy, engine.name, engine.engine)
    return up


def _disk(graph: Graph, place: int) -> Labelled:
    room = graph.daemon.disk_room()
    return {} if room is None else _one(room[place])


def _one(value: float, *labels: str) -> dict[tuple[str, ...], float]:
    return {labels: float(value)}


def _of_the_queue(graph: Graph) -> list[Gauge]:
    stats = graph.queue.stats
    return [
        Gauge("queue_waiting", "Notifications in the queue.", lambda: stats().waiting),
        Gauge("queue_waiting_bytes", "Bytes in the queue.", lambda: stats().waiting_bytes),
        Gauge("queue_scheduled", "Notifications scheduled for later.", lambda: stats().scheduled),
        Gauge("queue_leased", "Notifications that a dispatcher holds.", lambda: stats().leased),
        Gauge("queue_paused", "1 while dispatching is paused.", lambda: float(stats().paused)),
        Gauge(
            "streams_away",
            "Channels, and clients' own streams, whose part of a Redis Cluster is away: what is in them waits.",
            lambda: graph.dispatcher.streams_away,
        ),
        Gauge(
            "queue_waiting_by_priority",
            "Notifications in the queue, by priority.",
            lambda: {str(priority): count for priority, count in stats().by_priority.items()},
            label="priority",
        ),
    ]


def _of_streams(graph: Graph) -> list[Gauge]:
    history, inbox = graph.engines.broker.history, graph.engines.broker.inbox
    return [
        Gauge("history_channels", "Channels with a history.", lambda: history.usage()[0]),
        Gauge("history_publications", "Publications kept.", lambda: history.usage()[1]),
        Gauge("history_bytes", "Bytes of publications kept.", lambda: history.usage()[2]),
        Gauge("inbox_users", "Users with an inbox.", lambda: inbox.usage()[0]),
        Gauge("inbox_notifications", "Notifications kept for users.", lambda: inbox.usage()[1]),
        Gauge("inbox_bytes", "Bytes kept for users.", lambda: inbox.usage()[2]),
    ]


def _of_guarantees(graph: Graph) -> list[Gauge]:
    """What is kept of what comes after the dispatch."""
    broker = graph.engines.broker
    return [
        Gauge("dead_letters", "Dead letters kept.", lambda: broker.dead_letters.usage()[0]),
        Gauge("dead_letter_bytes", "Bytes of dead letters kept.", lambda: broker.dead_letters.usage()[1]),
        Gauge("durable_subscriptions", "Durable subscriptions remembered.", broker.durables.usage),
        Gauge("unacked", "Deliveries with acks that are open.", lambda: graph.acks.unacked),
        Gauge("receipts", "Receipts in memory.", lambda: broker.receipts.usage()[0]),
        Gauge("timeline_events", "Events of timelines in memory.", lambda: broker.receipts.usage()[1]),
        Gauge("waiters", "Calls that wait for what becomes of a notification.", lambda: graph.waiting.waiters),
        Gauge("log_entries", "Log records in memory.", lambda: len(graph.engines.logbook.ring)),
    ]
