"""A gRPC server on a TCP port: where it listens, and with which certificate."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import grpc
import msgspec
import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.ingress.rpc.host import RpcHost
from notifyd.ingress.rpc.stalls import StallGuard, of_ports

if TYPE_CHECKING:
    from notifyd.ingress.rpc.interface import Interface
    from notifyd.ingress.rpc.options import RpcOptions
    from notifyd.service.daemon import Daemon
    from notifyd.telemetry.metrics import Counters


#: gRPC takes either of them for every interface, of both kinds.
_WILDCARDS: Final = frozenset(("0.0.0.0", "::"))


class Identity(msgspec.Struct, frozen=True):
    """A certificate with its chain, and its private key, both in PEM."""

    chain: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Identity(...)"


class Address(msgspec.Struct, frozen=True):
    """Where a server listens: on every address that *host* stands for; port 0 takes a free one."""

    host: str
    port: int
    #: With it nothing else than TLS is spoken.
    tls: Identity | None = None


class TcpServer:
    """Runs one server that carries *interface* on TCP."""

    def __init__(
        self, address: Address, interface: Interface, daemon: Daemon, options: RpcOptions, counters: Counters
    ) -> None:
        self._host_name = address.host
        #: What was asked for, and once it runs what is bound.
        self.port = address.port
        self._identity = address.tls
        self._bound: set[int] = set()
        self._worker = ThreadWorker("rpc-resolver")
        guard = StallGuard(of_ports(self._bound))
        self._host = RpcHost(interface, daemon, options, counters, guard)

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return self._identity is not None

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
