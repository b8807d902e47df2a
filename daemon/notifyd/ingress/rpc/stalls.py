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
import termios
from typing import TYPE_CHECKING, Final

import trio

from notifyd.bridge.worker import ThreadWorker
from notifyd.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

log = get_logger("notifyd.rpc")

_DESCRIPTORS: Final = "/proc/self/fd"
#: A peer that reads nothing for so long, after its call was cancelled, is cut off.
_PATIENCE_SECONDS: Final = 2.0


class StallGuard:
    """Looks for stalled connections of one socket when a call was seen to hang."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
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
            before = await self._worker.run(unread_bytes, self._path)
            await trio.sleep(_PATIENCE_SECONDS)
            await self.shut(before)

    async def shut(self, before: Mapping[int, int] | None = None) -> None:
        """Close the connections that have as much unread as *before*, or with None all that have something unread."""
        count = await self._worker.run(shut_stalled, self._path, before)
        if count:
            log.warning("rpc_connections_stalled", closed=count)


def unread_bytes(path: str) -> dict[int, int]:
    """By inode what the peers of connections to the socket at *path* have not read, where that is something."""
    return {inode: unread for _, inode, unread in _connections(path) if unread}


def shut_stalled(path: str, before: Mapping[int, int] | None) -> int:
    """Shut connections down; see `StallGuard.shut`. Answers how many."""
    count = 0
    for connection, inode, unread in _connections(path):
        if unread and (before is None or before.get(inode) == unread):
            connection.shutdown(socket.SHUT_RDWR)
            count += 1
    return count


def _connections(path: str) -> Iterator[tuple[socket.socket, int, int]]:
    for name in _descriptor_names():
        try:
            # a descriptor of our own: the number may be closed and used again at any moment
            connection = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with connection:
            try:
                if _belongs(connection, path):
                    waiting = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
                    yield connection, os.fstat(connection.fileno()).st_ino, struct.unpack("i", waiting)[0]
            except OSError:
                continue  # it was closed meanwhile


def _descriptor_names() -> list[str]:
    try:
        return os.listdir(_DESCRIPTORS)
    except OSError:
        return []  # not Linux: there nothing can be found


def _belongs(connection: socket.socket, path: str) -> bool:
    if connection.family != socket.AF_UNIX or connection.getsockname() != path:
        return False
    return not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
