"""The server on GRPC_PORT: what it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.rpc.interface import Interface, Service
from notifyd.ingress.rpc.public.calls.notifications import PublishCalls, ReceiptCalls
from notifyd.ingress.rpc.public.calls.presence import PresenceCalls
from notifyd.ingress.rpc.public.calls.registration import DeviceCalls, RegistrationCalls
from notifyd.ingress.rpc.public.calls.subscribe import SubscribeCalls
from notifyd.ingress.rpc.public.credentials import caller_of
from notifyd.ingress.rpc.public.gate import Gate
from notifyd.ingress.rpc.public.names import SERVICES, names_of, packages_of, pool_of
from notifyd.ingress.rpc.tcp import Address, Identity, TcpServer

if TYPE_CHECKING:
    from notifyd.ingress.rpc.public.services import PublicOptions, PublicServices
    from notifyd.telemetry.metrics import Counters


class PublicServer(TcpServer):
    """gRPC for applications, on every address that *host* stands for. Port 0 takes a free one."""

    def __init__(
        self,
        host: str,
        port: int,
        services: PublicServices,
        options: PublicOptions,
        counters: Counters,
        tls: Identity | None = None,
    ) -> None:
        """With *tls* nothing else than TLS is spoken.

        Raises:
            Invalid: an alias is no package.
        """
        interface = _interface(services, options)
        super().__init__(Address(host, port, tls), interface, services.daemon, options.bounds, counters)


def _interface(services: PublicServices, options: PublicOptions) -> Interface:
    gate = Gate(services, admin_token=options.admin_token, dev=options.dev)
    packages = packages_of(options.aliases)
    parts = {
        "ClientRegistrationService": (RegistrationCalls(gate, services.clients),),
        "NotificationService": (
            DeviceCalls(gate, services.devices),
            PublishCalls(gate, services),
            ReceiptCalls(gate, services),
            PresenceCalls(gate, services.presence),
            SubscribeCalls(gate, services, outbox_bytes=options.outbox_bytes),
        ),
    }
    offered = tuple(Service(service, parts[name], names_of(service, packages)) for name, service in SERVICES.items())
    return Interface(offered, caller_of, pool_of(packages), whole_follows=True)
