"""The servers that peers and operators talk to, as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import trio

from notifyd.app.translate.edge import connection_settings
from notifyd.app.translate.socketio import socketio_settings
from notifyd.model.disconnect import DRAINED

if TYPE_CHECKING:
    from notifyd.app.listeners.tls import Certificate
    from notifyd.config import Settings
    from notifyd.ingress.edge.server import EdgeServer
    from notifyd.ingress.edge.socketio.server import SocketIoServer
    from notifyd.ingress.rpc.public.server import PublicServer
    from notifyd.ingress.rpc.remote.server import RemoteAdminServer
    from notifyd.ingress.rpc.server import AdminServer


class Ports(NamedTuple):
    """What speaks gRPC on ports of its own; None where that is switched off."""

    #: For applications.
    public: PublicServer | None
    #: For operators elsewhere.
    remote: RemoteAdminServer | None


class Fronts:
    """What is taken down together when the daemon goes."""

    def __init__(
        self,
        edge: EdgeServer,
        socketio: SocketIoServer,
        admin: AdminServer,
        ports: Ports,
        certificate: Certificate | None,
    ) -> None:
        self.edge = edge
        self.socketio = socketio
        self.admin = admin
        self.ports = ports
        self._certificate = certificate

    def configure(self, settings: Settings) -> None:
        """Take over what may change while they run, the certificate that was loaded last included."""
        self.edge.configure(connection_settings(settings))
        self.socketio.configure(socketio_settings(settings))
        self.show_certificate()

    def show_certificate(self) -> None:
        """Show the certificate that was loaded last, from the next handshake on."""
        # the edge shares it
        if self._certificate is not None:
            for server in filter(None, self.ports):
                server.renew(self._certificate.identity())

    async def tunnels_ended(self) -> None:
        """Wait until this process carries nothing any more for connections that another worker serves."""
        await self.edge.tunnels_ended()

    async def drain(self, seconds: float) -> None:
        """Accept nothing more, finish what runs for *seconds* at most, and end the rest."""
        self.socketio.drain(DRAINED.code, DRAINED.reason)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.edge.drain, seconds)
            if self.ports.public is not None:
                nursery.start_soon(self.ports.public.stop, seconds)

    async def stop(self) -> None:
        """Let go of the operators too."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.admin.stop)
            if self.ports.remote is not None:
                nursery.start_soon(self.ports.remote.stop)
