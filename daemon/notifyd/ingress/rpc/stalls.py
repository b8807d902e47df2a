"""Cutting off peers that do not read at all.

A peer that was stopped (Ctrl-Z) leaves its socket full. grpcio then cannot finish a write, neither by cancelling the
call nor by keepalive, and the thread of the call hangs in it, beyond the daemon's end. Only closing the socket helps,
and grpcio does not show its sockets: they are found among the descriptors of this process.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

log = get_logger("notifyd.rpc")

_DESCRIPTORS: Final = "/proc/self/fd"
#: A peer that reads nothing for so long, after its call was cancelled, is cut off.
_PATIENCE_SECONDS: Final = 2.0


#: Where `tcpi_bytes_acked` is in the kernel's struct tcp_info (linux/tcp.h, since 4.2).
_TCP_INFO_BYTES: Final = 128
_BYTES_ACKED_AT: Final = 120

#: Which of this process's sockets are connections of the server.
Belongs = Callable[[socket.socket], bool]


def of_path(path: Path) -> Belongs:
    """Connections to the Unix socket at *path*."""
    return lambda connection: connection.family == socket.AF_UNIX and connection.getsockname() == str(path)


def of_ports(ports: Container[int]) -> Belongs:
    """TCP connections to any of *ports*, which may still be filled."""
    families = (socket.AF_INET, socket.AF_INET6)
    return lambda connection: (
        connection.family in families and connection.type == socket.SOCK_STREAM and connection.getsockname()[1] in ports
    )


class StallGuard:
    """Looks for stalled connections of one server when a call was seen to hang."""

    def __init__(self, belongs: Belongs) -> None:
        self._belongs = belongs
        self._worker = ThreadWorker("rpc-stalls")
        self._doorbell = trio.Event()

    def report(self) -> None:
        """A call hangs in a write."""
        self._doorbell.set()

    async def run(self) -> None:
        """Guard until cancelled."""
        while True:
            await self._doorbell.wait()
            self._doorbell = trio.Event()
            before = await self._worker.run(unread_marks, self._belongs)
            await trio.sleep(_PATIENCE_SECONDS)
            await self.shut(before)

    async def shut(self, before: Mapping[int, int] | None = None) -> None:
        """Close the connections whose peers have read nothing since *before*, or with None all that have not read."""
        count = await self._worker.run(shut_stalled, self._belongs, before)
        if count:
            log.warning("rpc_connections_stalled", closed=count)


def unread_marks(belongs: Belongs) -> dict[int, int]:
    """By inode how far the peers have read, where something is left to read; the mark moves when they go on."""
    return {inode: mark for _, inode, mark in _unread(belongs)}


def shut_stalled(belongs: Belongs, before: Mapping[int, int] | None) -> int:
    """Shut connections down; see `StallGuard.shut`. Answers how many."""
    count = 0
    for connection, inode, mark in _unread(belongs):
        if before is None or before.get(inode) == mark:
            connection.shutdown(socket.SHUT_RDWR)
            count += 1
    return count


def _unread(belongs: Belongs) -> Iterator[tuple[socket.socket, int, int]]:
    for name in _descriptor_names():
        connection = _socket_of(int(name))
        if connection is None:
            continue
        with connection:
            try:
                if belongs(connection) and not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    waiting = _waiting(connection)
                    if waiting:
                        yield connection, os.fstat(connection.fileno()).st_ino, _mark(connection, waiting)
            except OSError:
                continue  # it was closed meanwhile


def _socket_of(descriptor: int) -> socket.socket | None:
    """The socket behind a number, with a descriptor of our own: theirs may be closed and used again at any moment."""
    try:
        own = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=own)
    except OSError:  # something else than a socket
        os.close(own)
        return None


def _waiting(connection: socket.socket) -> int:
    (waiting,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(waiting)


def _mark(connection: socket.socket, waiting: int) -> int:
    if connection.family == socket.AF_UNIX:
        return waiting
    # On a busy connection the same number may wait again and again; what was acknowledged only rises.
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    return int.from_bytes(info[_BYTES_ACKED_AT:_TCP_INFO_BYTES], sys.byteorder)


def _descriptor_names() -> list[str]:
    try:
        return os.listdir(_DESCRIPTORS)
    except OSError:
        return []  # not Linux: there nothing can be found
