"""The admin interface, for the operators of this machine and of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.parts.cluster import sharing
from notifyd.app.showing.doctor import compose_doctor
from notifyd.ingress.rpc.services import AdminServices
from notifyd.service.logs import Logs
from notifyd.service.records.exporting import RecordExport
from notifyd.service.records.importing import RecordImport

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.parts.graph import Graph
    from notifyd.config import Settings


def admin_services(graph: Graph, token: str, in_force: Callable[[], Settings]) -> AdminServices:
    """What operators reach; *in_force* answers the settings of the moment."""
    shared = sharing(graph.engines.broker)
    return AdminServices(
        daemon=graph.daemon,
        doctor=compose_doctor(graph, in_force, None if shared is None else shared.link),
        keys=graph.keys,
        clients=graph.clients,
        tokens=graph.tokens,
        devices=graph.devices,
        inboxes=graph.inboxes,
        publisher=graph.publisher,
        notifications=graph.notifications,
        waiting=graph.waiting,
        dead_letters=graph.dead_letters,
        acks=graph.acks,
        attending=graph.attending,
        presence=graph.presence,
        connector=graph.connector,
        subscriber=graph.subscriber,
        queue=graph.queue,
        webhooks=graph.telling.service,
        channels=graph.channels,
        connections=graph.connections,
        nodes=graph.nodes,
        stats=graph.stats,
        logs=Logs(graph.engines.logbook.ring),
        record_export=RecordExport(graph.engines.records),
        record_import=RecordImport(
            graph.engines.records, graph.keys, graph.clients, graph.refresher, graph.loaded.settings.server.state_dir
        ),
        admin_token=token,
        outbox_bytes=graph.loaded.settings.websocket.outbox_bytes,
    )
