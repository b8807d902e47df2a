"""The admin interface of a composed daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.rpc.server import AdminServer, RpcOptions
from notifyd.ingress.rpc.services import AdminServices
from notifyd.service.logs import Logs

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.app.graph import Graph
    from notifyd.config import Settings

#: Room for a request around the largest data, which protobuf carries as it stands.
_REQUEST_OVERHEAD_BYTES = 1 << 20


def admin_server(graph: Graph, socket: Path, token: str) -> AdminServer:
    """The server on *socket*; *token* is empty in development mode."""
    services = AdminServices(
        daemon=graph.daemon,
        keys=graph.keys,
        publisher=graph.publisher,
        notifications=graph.notifications,
        connector=graph.connector,
        subscriber=graph.subscriber,
        queue=graph.queue,
        channels=graph.channels,
        connections=graph.connections,
        stats=graph.stats,
        logs=Logs(graph.engines.logbook.ring),
        admin_token=token,
        outbox_bytes=graph.loaded.settings.websocket.outbox_bytes,
    )
    return AdminServer(socket, services, rpc_options(graph.loaded.settings), graph.engines.counters)


def rpc_options(settings: Settings) -> RpcOptions:
    """The bounds of the admin interface. Reloading can raise `max_data_bytes` beyond them: restart then."""
    return RpcOptions(
        workers=settings.admin.workers,
        max_streams=min(settings.admin.max_streams, settings.admin.workers - 1),
        call_timeout_seconds=settings.admin.call_timeout_seconds,
        max_request_bytes=2 * settings.delivery.max_data_bytes + _REQUEST_OVERHEAD_BYTES,
    )
