"""How bytes move between us and one peer: a raw non-blocking socket, plain or under TLS."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable

RECEIVE_BYTES = 65_536
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
_TLS_RECORD_BYTES = 16_384


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
        """Hand *data* to the kernel and tell how much of it was taken; the rest has to be offered again.

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


class _Waiting:
    """What plain and secure links share. They ask the live socket each time: the kernel reuses descriptor numbers."""

    __slots__ = ("_socket",)

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    # not coroutine functions: what they give is awaited by the caller, which spares an idle connection a frame

    def readable(self) -> Awaitable[None]:
        return trio.lowlevel.wait_readable(self._socket)  # noqa: ASYNC105

    def writable(self) -> Awaitable[None]:
        return trio.lowlevel.wait_writable(self._socket)  # noqa: ASYNC105

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


class SocketLink(_Waiting):
    """The plain link."""

    __slots__ = ("send",)
    secure = False

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self.send = connection.send  # the fan-out's hottest call, spared a frame of Python

    def receive(self) -> bytes | None:
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None


class TlsLink(_Waiting):
    """The link under TLS: the handshake happens in the first calls of `receive`."""

    __slots__ = ("_ended", "_incoming", "_outgoing", "_owed", "_sealed", "_shaken", "_tls")
    secure = True

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        super().__init__(connection)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False
        self._ended = False
        self._sealed = bytearray()  # records that the kernel has not taken
        self._owed = 0  # length of what is sealed in them, not yet told as taken

    def receive(self) -> bytes | None:
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        opened = self._open()
        self._push()  # answers of the handshake
        return opened or (b"" if self._ended or not data else None)

    def send(self, data: bytes | bytearray, /) -> int:
        taken = 0
        while self._push():
            taken += self._owed
            self._owed = 0
            if taken >= len(data):
                return taken
            piece = data[taken : taken + _TLS_RECORD_BYTES]
            self._tls.write(piece)
            self._owed = len(piece)
        if not taken:
            raise BlockingIOError
        return taken

    def end(self) -> None:
        with suppress(OSError):  # SSLWantRead: the peer's own farewell is not waited for
            self._tls.unwrap()
        with suppress(OSError):
            self._push()
        super().end()

    def _open(self) -> bytes:
        parts: list[bytes] = []
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while part := self._tls.read(RECEIVE_BYTES):
                parts.append(part)
            self._ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._ended = True
        return b"".join(parts)

    def _push(self) -> bool:
        """Hand sealed records to the kernel; whether all are gone."""
        if self._outgoing.pending:
            self._sealed += self._outgoing.read()
        if self._sealed:
            with suppress(BlockingIOError):
                del self._sealed[: self._socket.send(self._sealed)]
        return not self._sealed
