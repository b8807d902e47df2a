"""The admin interface on a TCP port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.rpc.calls import admin_parts
from notifyd.ingress.rpc.interface import Interface, Service
from notifyd.ingress.rpc.remote.gate import TokenGate
from notifyd.ingress.rpc.server import SERVICE
from notifyd.ingress.rpc.tcp import Address, TcpServer

if TYPE_CHECKING:
    from notifyd.ingress.rpc.options import RpcOptions
    from notifyd.ingress.rpc.services import AdminServices
    from notifyd.service.access.limits import RateLimiter
    from notifyd.telemetry.metrics import Counters


class RemoteAdminServer(TcpServer):
    """The admin interface for operators elsewhere. Nothing of it answers without the admin token.

    That goes for reflection and health too: who has no token is not told what this port is for.
    """

    def __init__(
        self,
        address: Address,
        services: AdminServices,
        options: RpcOptions,
        limiter: RateLimiter,
        counters: Counters,
    ) -> None:
        offered = Service(SERVICE, tuple(admin_parts(services)), (SERVICE.full_name,))
        gate = TokenGate(services.admin_token, services.connector.refusals, limiter)
        super().__init__(
            address, Interface((offered,), gate=gate, to_operators=True), services.daemon, options, counters
        )
