"""The servers that peers and operators talk to, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.listeners.admin import admin_services
from notifyd.app.listeners.fronts import Fronts, Ports
from notifyd.app.listeners.public import public_server
from notifyd.app.listeners.remote import remote_admin
from notifyd.app.translate.edge import edge_settings
from notifyd.app.translate.rpc import rpc_options
from notifyd.app.translate.socketio import socketio_settings
from notifyd.ingress.edge.server import EdgeServer
from notifyd.ingress.edge.socketio.server import SocketIoServer
from notifyd.ingress.rpc.server import AdminServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.app.parts.graph import Graph
    from notifyd.app.place import Place
    from notifyd.config import Settings
    from notifyd.ingress.edge.siblings.house import Siblings


def compose_fronts(graph: Graph, place: Place, siblings: Siblings, in_force: Callable[[], Settings]) -> Fronts:
    """Put them together; nothing listens yet. *in_force* answers the settings of the moment."""
    settings, certificate = graph.loaded.settings, place.certificate
    edge = EdgeServer(edge_settings(settings))
    services = admin_services(graph, place.token, in_force)
    admin = AdminServer(place.socket, services, rpc_options(settings), place.counters)
    socketio = SocketIoServer(
        graph.namespaces, socketio_settings(settings), edge.deadlines, graph.namespaces.allowed_origin, siblings
    )
    public = public_server(graph, token=place.token, dev=place.dev, certificate=certificate)
    remote = remote_admin(graph, services, certificate)
    return Fronts(edge, socketio, admin, Ports(public, remote), certificate)
