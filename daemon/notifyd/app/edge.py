"""The applications behind PORT and WS_PORT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.app import translate
from notifyd.app.bounds import bound_gauges, limits
from notifyd.ingress.edge.console.services import ConsoleOptions, ConsoleServices
from notifyd.ingress.edge.rest.app import ChannelServiceApp
from notifyd.ingress.edge.rest.realtime import Realtime
from notifyd.ingress.edge.rest.services import RestOptions, RestServices
from notifyd.ingress.edge.rest.websocket_port import WebSocketPortApp
from notifyd.policy.console_sessions import ConsoleRules
from notifyd.service.logs import Logs
from notifyd.service.signed_out import SignedOut
from notifyd.telemetry.prometheus import Exposition, Gauge

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.graph import Graph
    from notifyd.config import Settings
    from notifyd.ingress.edge.socketio.server import SocketIoServer


def applications(
    graph: Graph, options: RestOptions, in_force: Callable[[], Settings], socketio: SocketIoServer
) -> tuple[ChannelServiceApp, WebSocketPortApp]:
    """The application of PORT, and that of WS_PORT. *in_force* answers the settings of the moment."""
    services = RestServices(
        publisher=graph.publisher,
        keys=graph.keys,
        clients=graph.clients,
        tokens=graph.tokens,
        devices=graph.devices,
        inboxes=graph.inboxes,
        connector=graph.connector,
        subscriber=graph.subscriber,
        notifications=graph.notifications,
        waiting=graph.waiting,
        dead_letters=graph.dead_letters,
        acks=graph.acks,
        attending=graph.attending,
        presence=graph.presence,
        queue=graph.queue,
        webhooks=graph.telling.service,
        channels=graph.channels,
        stats=graph.stats,
        daemon=graph.daemon,
        limiter=graph.limiter,
        exposition=Exposition(graph.engines.counters, gauges(graph, in_force, socketio)),
        counters=graph.engines.counters,
        siblings=socketio.siblings,
        console=ConsoleServices(
            connections=graph.connections,
            nodes=graph.nodes,
            logs=Logs(graph.engines.logbook.ring),
            signed_out=SignedOut(graph.peers),
        ),
    )
    realtime = Realtime(graph.native.upgrade, socketio, graph.dialect, in_force().socketio.path)
    main = ChannelServiceApp(services, options, realtime)
    return main, WebSocketPortApp(graph.native.upgrade)


def rest_options(settings: Settings, *, dev: bool, token: str) -> RestOptions:
    """The settings of the REST interface."""
    return RestOptions(
        dev=dev,
        admin_token=token,
        metrics_open=settings.metrics.open,
        trusted_proxies=tuple(settings.server.trusted_proxies),
        allowed_origins=tuple(settings.http.allowed_origins),
        max_body_bytes=settings.http.max_body_bytes,
        max_batch=settings.delivery.max_batch,
        page_bytes=translate.native_rules(settings).page_bytes,
        console=console_options(settings),
    )


def console_options(settings: Settings) -> ConsoleOptions:
    """The settings of the web console."""
    console = settings.console
    rules = ConsoleRules(round(console.idle_seconds * 1000), round(console.session_seconds * 1000))
    return ConsoleOptions(enabled=console.enabled, rules=rules, socketio_path=settings.socketio.path)


def gauges(graph: Graph, in_force: Callable[[], Settings], socketio: SocketIoServer) -> list[Gauge]:
    """Values of the moment, for Prometheus."""
    snapshot = graph.stats.snapshot
    return [
        Gauge("connections", "Live connections.", lambda: snapshot().connections_by_transport, label="transport"),
        Gauge("socketio_sessions", "Sessions of Socket.IO that began with polling.", lambda: socketio.session_count),
        Gauge("channels", "Channels with subscribers.", lambda: graph.hub.channel_count),
        Gauge("subscriptions", "Subscriptions of all connections.", lambda: graph.hub.subscription_count),
        Gauge("queue_waiting", "Notifications in the queue.", lambda: graph.queue.stats().waiting),
        Gauge("queue_waiting_bytes", "Bytes in the queue.", lambda: graph.queue.stats().waiting_bytes),
        Gauge("queue_scheduled", "Notifications scheduled for later.", lambda: graph.queue.stats().scheduled),
        Gauge("queue_paused", "1 while dispatching is paused.", lambda: float(graph.queue.stats().paused)),
        Gauge(
            "queue_waiting_by_priority",
            "Notifications in the queue, by priority.",
            lambda: {str(priority): count for priority, count in graph.queue.stats().by_priority.items()},
            label="priority",
        ),
        Gauge("history_channels", "Channels with a history.", lambda: graph.engines.broker.history.usage()[0]),
        Gauge("history_publications", "Publications kept.", lambda: graph.engines.broker.history.usage()[1]),
        Gauge("history_bytes", "Bytes of publications kept.", lambda: graph.engines.broker.history.usage()[2]),
        Gauge("inbox_users", "Users with an inbox.", lambda: graph.engines.broker.inbox.usage()[0]),
        Gauge("inbox_notifications", "Notifications kept for users.", lambda: graph.engines.broker.inbox.usage()[1]),
        Gauge("inbox_bytes", "Bytes kept for users.", lambda: graph.engines.broker.inbox.usage()[2]),
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
        Gauge("outbox_bytes", "Bytes that wait for slow connections.", lambda: snapshot().outbox_bytes),
        Gauge("limit", "Bounds in force.", lambda: limits(in_force()), label="name"),
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
