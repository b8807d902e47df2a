"""The server on GRPC_PORT: where it listens, with which certificate, and what it carries."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import grpc
import msgspec
import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.ingress.rpc.host import RpcHost
from notifyd.ingress.rpc.interface import Interface, Service
from notifyd.ingress.rpc.public.calls.notifications import PublishCalls, ReceiptCalls
from notifyd.ingress.rpc.public.calls.presence import PresenceCalls
from notifyd.ingress.rpc.public.calls.registration import DeviceCalls, RegistrationCalls
from notifyd.ingress.rpc.public.calls.subscribe import SubscribeCalls
from notifyd.ingress.rpc.public.credentials import caller_of
from notifyd.ingress.rpc.public.gate import Gate
from notifyd.ingress.rpc.public.names import SERVICES, names_of, packages_of, pool_of
from notifyd.ingress.rpc.stalls import StallGuard, of_ports

if TYPE_CHECKING:
    from notifyd.ingress.rpc.public.services import PublicOptions, PublicServices
    from notifyd.telemetry.metrics import Counters


#: gRPC takes either of them for every interface, of both kinds.
_WILDCARDS: Final = frozenset(("0.0.0.0", "::"))


class Identity(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its private key, both in PEM."""

    chain: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Identity(...)"


class PublicServer:
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
        self._host_name = host
        #: What was asked for, and once it runs what is bound.
        self.port = port
        self._identity = tls
        self._bound: set[int] = set()
        self._worker = ThreadWorker("rpc-resolver")
        interface = _interface(services, options)
        guard = StallGuard(of_ports(self._bound))
        self._host = RpcHost(interface, services.daemon, options.bounds, counters, guard)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Bind, and serve until `stop`; when cancelled, end without grace.

        Raises:
            OSError: the name is unknown, an address is taken or not ours, or the certificate cannot be used.
        """
        addresses = await self._worker.run(_resolve, self._host_name, self.port)

        def bind(server: grpc.Server) -> None:
            for family, address in addresses:
                self.port = self._add(server, family, address)
                self._bound.add(self.port)

        await self._host.run(bind, task_status=task_status)

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """End streams at once, let calls finish for *grace_seconds*, then cancel them."""
        await self._host.stop(grace_seconds)

    def renew(self, identity: Identity) -> None:
        """Use another certificate from the next handshake on; it has to be known to be good.

        A server that began without TLS stays without.
        """
        if self._identity is not None:
            self._identity = identity

    def _add(self, server: grpc.Server, family: socket.AddressFamily, address: str) -> int:
        place = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        try:
            if self._identity is None:
                port = server.add_insecure_port(place)
            else:
                port = server.add_secure_port(place, self._credentials(self._identity))
        except (RuntimeError, ValueError) as exc:
            raise _problem(family, address, self.port) from exc
        if not port:  # older versions of grpcio say it so
            raise _problem(family, address, self.port)
        return int(port)

    def _credentials(self, first: Identity) -> grpc.ServerCredentials:
        current = first

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            # called in a thread of grpcio at each handshake; None: as before
            nonlocal current
            newest = self._identity
            if newest is None or newest is current:
                return None
            current = newest
            return _configuration(newest)

        # types-grpcio does not know of the None
        return grpc.dynamic_ssl_server_credentials(_configuration(first), renewed)  # type: ignore[arg-type]


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


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses that *host* stands for."""
    flags = socket.AI_PASSIVE | socket.AI_NUMERICSERV
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    addresses = {str(address[0]): family for family, *_, address in found}
    wildcard = next((address for address in addresses if address in _WILDCARDS), None)
    if wildcard is not None:
        return [(addresses[wildcard], wildcard)]
    return [(family, address) for address, family in addresses.items()]


def _problem(family: socket.AddressFamily, address: str, port: int) -> OSError:
    """Why gRPC could not listen there, which it does not say itself."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as exc:
            return OSError(exc.errno, exc.strerror, f"{address}:{port}")
    return OSError(f"gRPC cannot use {address}:{port}, or the certificate")


def _configuration(identity: Identity) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(identity.key, identity.chain)])
