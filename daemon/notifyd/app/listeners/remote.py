"""The admin interface for operators elsewhere, on a port of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.listeners.public import shown_host, start_public
from notifyd.app.problems import CannotStart
from notifyd.app.translate.rpc import remote_rpc_options
from notifyd.ingress.rpc.remote.server import RemoteAdminServer
from notifyd.ingress.rpc.tcp import Address
from notifyd.service.daemon import Listener

if TYPE_CHECKING:
    import trio

    from notifyd.app.listeners.fronts import Ports
    from notifyd.app.listeners.tls import Certificate
    from notifyd.app.parts.graph import Graph
    from notifyd.ingress.rpc.services import AdminServices


def remote_admin(graph: Graph, services: AdminServices, certificate: Certificate | None) -> RemoteAdminServer | None:
    """The server; None where it is switched off."""
    settings = graph.loaded.settings
    if not settings.admin.remote:
        return None
    address = Address(
        settings.admin.remote_host, settings.admin.remote_port, certificate.identity() if certificate else None
    )
    options = remote_rpc_options(settings)
    return RemoteAdminServer(address, services, options, graph.limiter, graph.engines.counters)


async def start_ports(nursery: trio.Nursery, ports: Ports, graph: Graph) -> None:
    """Let everything of *ports* listen that is not switched off.

    Raises:
        CannotStart: a port is taken, or an address is not ours.
    """
    if ports.public is not None:
        await start_public(nursery, ports.public, graph)
    if ports.remote is not None:
        await _start_remote(nursery, ports.remote, graph)


async def _start_remote(nursery: trio.Nursery, remote: RemoteAdminServer, graph: Graph) -> None:
    admin = graph.loaded.settings.admin
    try:
        await nursery.start(remote.run)
    except OSError as exc:
        where = f"{admin.remote_host}:{admin.remote_port}"
        raise CannotStart(f"cannot listen on {where} (admin.remote_port): {exc.strerror or exc}") from exc
    scheme = "grpcs" if remote.secure else "grpc"
    graph.daemon.listeners.append(Listener("admin-remote", f"{scheme}://{shown_host(admin.remote_host)}:{remote.port}"))
