"""Where a daemon is, and a connection to it. Every way this can fail has a short word, under which it is counted."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import trio

from notifyctl.benching.connections.frames import Broken
from notifyctl.exits import usage

if TYPE_CHECKING:
    from collections.abc import Iterator

#: For anything that is awaited of the daemon.
ANSWER_SECONDS: Final = 30.0
_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
#: The first that fits counts.
_BY_KIND: Final = (
    (Broken, "protocol_error"),
    (ssl.SSLCertVerificationError, "certificate_not_trusted"),
    (ssl.SSLError, "tls_failed"),
    (socket.gaierror, "unknown_host"),
    (trio.TooSlowError, "timeout"),
    (TimeoutError, "timeout"),
    (ConnectionRefusedError, "connection_refused"),
    (ConnectionResetError, "connection_reset"),
    (BrokenPipeError, "connection_reset"),
)
_BY_NUMBER: Final = {
    errno.EMFILE: "no_descriptors_left",
    errno.ENFILE: "no_descriptors_left",
    errno.EADDRNOTAVAIL: "no_ports_left",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.ENETUNREACH: "host_unreachable",
}

_READ_BYTES: Final = 64 * 1024
#: To close so answers with a reset, and leaves no port waiting for minutes.
_AT_ONCE: Final = struct.pack("ii", 1, 0)
_Address = tuple[int, Any]

#: The clock of all measuring: monotonic, and the same for everything in this process.
clock = time.perf_counter


class Failed(Exception):
    """One operation did not come to its end.

    Attributes:
        kind: a short word to count it under, the daemon's code where it gave one.
        gone: whether the connection is of no more use.
        retry_after_seconds: when the daemon said that trying again makes sense.
    """

    def __init__(self, kind: str, *, gone: bool = True, detail: str = "", retry_after_seconds: float = 0.0) -> None:
        super().__init__(detail or kind)
        self.kind = kind
        self.gone = gone
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Place:
    """A host and a port, with TLS or without."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def secure(self) -> bool:
        """Whether it is spoken to under TLS."""
        return self.scheme in ("https", "wss")

    @property
    def netloc(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole as a URL."""
        return f"{self.scheme}://{self.netloc}{'' if self.path == '/' else self.path}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine by its name."""
        return self.host in _LOOPBACK or self.host.startswith("127.")


def place(url: str) -> Place:
    """The place that *url* names.

    Raises:
        Refusal: it is no URL of ours (USAGE).
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise usage(f"{url} is no URL: {exc}.") from exc
    if parts.scheme not in _PORTS or not parts.hostname:
        raise usage(f"--url begins with ws://, wss://, http:// or https:// and a host, and {url!r} does not.")
    if parts.username or parts.password or parts.query:
        raise usage("--url names a place alone: the key comes from --key-file.")
    return Place(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path or "/")


@dataclass(frozen=True)
class Pipe:
    """An open connection."""

    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]
    #: What the stream goes over; not blocking.
    raw: socket.socket

    @property
    def plain(self) -> bool:
        """Whether the bytes on the socket are those of the stream."""
        return isinstance(self.stream, trio.SocketStream)

    async def read(self) -> bytes:
        """The next bytes; none when the other side has closed."""
        with failures():
            return bytes(await self.stream.receive_some(_READ_BYTES))
        raise AssertionError("it returned or raised")

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""
        with failures():
            await self.stream.send_all(data)

    def abort(self) -> None:
        """Break it off without a word, as a network does."""
        with suppress(OSError):
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.close()

    def close(self) -> None:
        """Close it; what waits to be sent is still sent."""
        plain = self.stream.transport_stream if isinstance(self.stream, trio.SSLStream) else self.stream
        plain.socket.close()


class Door:
    """Opens connections to one place."""

    def __init__(self, where: Place) -> None:
        self.place = where
        self._address: _Address | None = None
        self._tls: ssl.SSLContext | None = None

    async def open(self) -> Pipe:
        """A connection, under TLS where the place says so.

        Raises:
            Failed: there is none.
        """
        with failures(), trio.fail_after(ANSWER_SECONDS):
            pipe = await (self._found() if self._address is None else _connected(self._address))
            return await self._secured(pipe) if self.place.secure else pipe
        raise AssertionError("it returned or raised")

    async def _found(self) -> Pipe:
        """A connection to the first address that answers; looking it up for each one would be measured too."""
        problem: OSError | None = None
        addresses = await trio.socket.getaddrinfo(self.place.host, self.place.port, type=socket.SOCK_STREAM)
        for family, _, _, _, address in addresses:
            try:
                pipe = await _connected((family, address))
            except OSError as exc:
                problem = exc
            else:
                self._address = (family, address)
                return pipe
        raise problem or OSError(f"{self.place.host} has no address")

    async def _secured(self, pipe: Pipe) -> Pipe:
        assert isinstance(pipe.stream, trio.SocketStream), "it is not secured yet"
        if self._tls is None:
            # reading the certificates of the system takes longer than a handshake
            self._tls = ssl.create_default_context()
        secured = trio.SSLStream(pipe.stream, self._tls, server_hostname=self.place.host, https_compatible=True)
        try:
            await secured.do_handshake()
        except BaseException:
            pipe.abort()
            raise
        return Pipe(secured, pipe.raw)


async def _connected(address: _Address) -> Pipe:
    family, place = address
    raw = socket.socket(family, socket.SOCK_STREAM)
    try:
        wrapped = trio.socket.from_stdlib_socket(raw)
        await wrapped.connect(place)
        return Pipe(trio.SocketStream(wrapped), raw)
    except BaseException:
        raw.close()
        raise


@contextmanager
def failures() -> Iterator[None]:
    """Turn what the network raises inside into Failed."""
    try:
        yield
    except (OSError, trio.TooSlowError, trio.BrokenResourceError, trio.ClosedResourceError, Broken) as exc:
        raise Failed(kind_of(exc), detail=str(exc)) from exc


def kind_of(problem: BaseException) -> str:
    """A short word for what the network raised."""
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    for kind, word in _BY_KIND:
        if isinstance(problem, kind):
            return word
    if problem.__cause__ is not None:
        return kind_of(problem.__cause__)
    number = problem.errno if isinstance(problem, OSError) else None
    return _BY_NUMBER.get(number or 0, "connection_failed")
