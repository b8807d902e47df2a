"""gRPC for applications, on its own port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.problems import CannotStart
from notifyd.app.translate.rpc import public_rpc_options
from notifyd.ingress.rpc.public.server import PublicServer
from notifyd.ingress.rpc.public.services import PublicOptions, PublicServices
from notifyd.service.daemon import Listener

if TYPE_CHECKING:
    import trio

    from notifyd.app.listeners.tls import Certificate
    from notifyd.app.parts.graph import Graph


def public_server(graph: Graph, *, token: str, dev: bool, certificate: Certificate | None) -> PublicServer | None:
    """The server; None where it is switched off."""
    settings = graph.loaded.settings
    if not settings.grpc.enabled:
        return None
    services = PublicServices(
        daemon=graph.daemon,
        clients=graph.clients,
        devices=graph.devices,
        publisher=graph.publisher,
        notifications=graph.notifications,
        connector=graph.connector,
        subscriber=graph.subscriber,
        inboxes=graph.inboxes,
        acks=graph.acks,
        attending=graph.attending,
        presence=graph.presence,
        limiter=graph.limiter,
    )
    options = PublicOptions(
        admin_token=token,
        dev=dev,
        aliases=settings.grpc.aliases,
        outbox_bytes=settings.websocket.outbox_bytes,
        bounds=public_rpc_options(settings),
    )
    identity = certificate.identity() if certificate else None
    server = settings.server
    return PublicServer(server.host, server.grpc_port, services, options, graph.engines.counters, identity)


async def start_public(nursery: trio.Nursery, public: PublicServer, graph: Graph) -> None:
    """Listen, and say where.

    Raises:
        CannotStart: the port is taken, or the address is not ours.
    """
    server = graph.loaded.settings.server
    try:
        await nursery.start(public.run)
    except OSError as exc:
        where = f"{server.host}:{server.grpc_port}"
        raise CannotStart(f"cannot listen on {where} (server.grpc_port): {exc.strerror or exc}") from exc
    graph.daemon.listeners.append(Listener("grpc", f"grpc://{shown_host(server.host)}:{public.port}"))


def shown_host(host: str) -> str:
    """*host* as it stands in a URL."""
    return f"[{host}]" if ":" in host else host
