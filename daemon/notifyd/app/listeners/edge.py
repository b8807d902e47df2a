"""The applications behind PORT and WS_PORT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.showing.gauges import gauges
from notifyd.app.translate.measures import page_bytes
from notifyd.ingress.edge.console.services import ConsoleOptions, ConsoleServices
from notifyd.ingress.edge.rest.app import ChannelServiceApp
from notifyd.ingress.edge.rest.realtime import Realtime
from notifyd.ingress.edge.rest.services import RestOptions, RestServices
from notifyd.ingress.edge.rest.websocket_port import WebSocketPortApp
from notifyd.policy.access.console_sessions import ConsoleRules
from notifyd.service.access.signed_out import SignedOut
from notifyd.service.logs import Logs
from notifyd.telemetry.prometheus import Exposition

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.parts.graph import Graph
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
        page_bytes=page_bytes(settings),
        console=console_options(settings),
    )


def console_options(settings: Settings) -> ConsoleOptions:
    """The settings of the web console."""
    console = settings.console
    rules = ConsoleRules(round(console.idle_seconds * 1000), round(console.session_seconds * 1000))
    return ConsoleOptions(enabled=console.enabled, rules=rules, socketio_path=settings.socketio.path)
