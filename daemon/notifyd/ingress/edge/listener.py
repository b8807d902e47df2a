"""Bound addresses, and connections taken from them."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.ingress.edge.http.request import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.settings import ConnectionSettings
    from notifyd.ingress.edge.state import EdgeCounts

log = structlog.get_logger()
_BURST = 64
#: The peer of a connection over a Unix socket.
NOBODY = Peer("", 0)
# accept(2): these tell of the one connection that was taken, or of the whole machine, never of the listener
_EXHAUSTED = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
_GONE = frozenset((errno.EBADF, errno.EINVAL, errno.ENOTSOCK))


def open_sockets(host: str, port: int, *, backlog: int = 1024, shared: bool = False) -> list[socket.socket]:
    """Listen on every address that *host* stands for, on one port; port 0 takes a free one.

    With *shared* other processes of this user may listen there too, and the kernel spreads what comes over them; with
    a *backlog* of 0 the port is only kept, for them.

    Raises:
        OSError: the name is unknown, or the address is taken or not ours.
    """
    opened: list[socket.socket] = []
    flags = socket.AI_PASSIVE | socket.AI_NUMERICSERV
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags):
            listening = socket.socket(family, kind, protocol)
            opened.append(listening)
            _prepare(listening)
            if shared:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind((address[0], port, *address[2:]))
            if backlog:
                listening.listen(backlog)
            port = listening.getsockname()[1]
    except OSError:
        for listening in opened:
            listening.close()
        raise
    return opened


def _prepare(listening: socket.socket) -> None:
    listening.setblocking(False)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # accepted sockets inherit it, which spares each of them the call
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


class Admission:
    """Counts connections, all and per address, and says when there are enough."""

    def __init__(self, settings: ConnectionSettings, counts: EdgeCounts) -> None:
        #: May be replaced at any time.
        self.settings = settings
        self._counts = counts
        self._of_address: dict[str, int] = {}

    @property
    def addresses(self) -> int:
        """How many addresses have a connection."""
        return len(self._of_address)

    def admit(self, host: str) -> bool:
        """Count a connection from *host*, or refuse it."""
        settings, counts = self.settings, self._counts
        if counts.open >= settings.max_connections:
            counts.refused += 1
            return False
        if not is_loopback(host):
            used = self._of_address.get(host, 0)
            if used >= settings.max_connections_per_address:
                counts.refused += 1
                return False
            self._of_address[host] = used + 1
        counts.open += 1
        counts.accepted += 1
        return True

    def release(self, host: str) -> None:
        """Forget a connection that was admitted."""
        self._counts.open -= 1
        used = self._of_address.get(host, 0)
        if used > 1:
            self._of_address[host] = used - 1
        elif used:
            del self._of_address[host]


def is_loopback(host: str) -> bool:
    """Whether *host*, a numeric address, is on this machine."""
    if host.startswith("127."):
        return True
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


async def accept_forever(
    listening: socket.socket,
    take: Callable[[socket.socket, Peer], None],
    settings: ConnectionSettings,
    counts: EdgeCounts,
) -> None:
    """Give every connection to *take* until the listening socket is closed."""
    while True:
        try:
            await trio.lowlevel.wait_readable(listening)
            _accept_burst(listening, take)
        except trio.ClosedResourceError:
            return
        except OSError as exc:
            if exc.errno in _GONE:
                return
            counts.accept_errors += 1
            if exc.errno in _EXHAUSTED:
                log.warning("accept_failed", error=exc.strerror)
                await trio.sleep(settings.accept_backoff_seconds)


def _accept_burst(listening: socket.socket, take: Callable[[socket.socket, Peer], None]) -> None:
    for _ in range(_BURST):
        try:
            connection, address = listening.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        take(connection, Peer(address[0], address[1]) if address else NOBODY)
