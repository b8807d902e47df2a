"""How bytes move between us and one peer: a raw non-blocking socket."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable

RECEIVE_BYTES = 65_536
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)


class Link(Protocol):
    """A two-way stream of bytes whose calls never block; only `readable` and `writable` are awaited."""

    @property
    def secure(self) -> bool:
        """Whether the bytes are encrypted on the way."""

    def receive(self) -> bytes | None:
        """What has arrived, b"" at the end of the stream, None when nothing is there.

        Raises:
            OSError: the connection broke.
        """

    def readable(self) -> Awaitable[None]:
        """Wait until `receive` may give something.

        Raises:
            trio.ClosedResourceError: `wake` was called.
        """

    def send(self, data: bytes | bytearray, /) -> int:
        """Hand *data* to the kernel and tell how much of it was taken.

        Raises:
            BlockingIOError: nothing was taken.
            OSError: the connection broke.
        """

    def writable(self) -> Awaitable[None]:
        """Wait until `send` may take something; raises as `readable` does."""

    def wake(self) -> None:
        """Let whoever waits in `readable` or `writable` look around."""

    def end(self) -> None:
        """Tell the peer that nothing more comes."""

    def close(self, *, reset: bool = False) -> None:
        """Give the socket back, with *reset* also what the kernel still holds for the peer. May be called twice."""


class SocketLink:
    """The plain link. It asks the live socket each time, since the kernel reuses descriptor numbers."""

    __slots__ = ("_socket", "send")
    secure = False

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.send = connection.send  # the fan-out's hottest call, spared a frame of Python

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None

    def readable(self) -> Awaitable[None]:
        return trio.lowlevel.wait_readable(self._socket)  # noqa: ASYNC105 - awaited by the caller: one frame less for each idle connection

    def writable(self) -> Awaitable[None]:
        return trio.lowlevel.wait_writable(self._socket)  # noqa: ASYNC105 - as above

    def wake(self) -> None:
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)

    def end(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self, *, reset: bool = False) -> None:
        if self._socket.fileno() < 0:
            return
        trio.lowlevel.notify_closing(self._socket)
        if reset:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
        self._socket.close()
