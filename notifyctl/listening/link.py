"""One WebSocket connection as a client, with a deadline for everything and a word for every way it can fail."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

import h11
import trio
import trio_websocket
import wsproto.utilities as wsproto

from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

_CONNECT_SECONDS: Final = 15.0
_CLOSE_SECONDS: Final = 1.0
#: A link is dead when a ping is not answered: sooner than most proxies cut an idle connection.
_PING_EVERY_SECONDS: Final = 20.0
_PONG_WITHIN_SECONDS: Final = 10.0
_MOST_MESSAGE_BYTES: Final = 64 * 1024 * 1024
#: What a server says with HTTP instead of a WebSocket and will say again; any other status may pass.
_REFUSED: Final = {
    400: Status.USAGE,
    401: Status.DENIED,
    403: Status.DENIED,
    404: Status.NOT_FOUND,
    426: Status.FAILED,
}


class Dropped(Exception):
    """The link is gone, and coming back makes sense."""


class Unreachable(Dropped):
    """There was no link to begin with."""


class Link:
    """An open WebSocket connection; what it raises when it ends is trio_websocket's ConnectionClosed."""

    def __init__(self, url: str, websocket: Any, nursery: trio.Nursery) -> None:
        """The *nursery* ends with the link."""
        self.url = url
        self._websocket = websocket
        self._nursery = nursery
        self._busy = 0

    async def hear(self) -> str:
        """The next message, as text."""
        message = await self._websocket.get_message()
        return message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def say(self, text: str) -> None:
        """Send one message."""
        await self._websocket.send_message(text)

    def start(self, task: Callable[[Link], Awaitable[None]]) -> None:
        """Run *task* with this link beside everything else; it ends with the link."""
        self._nursery.start_soon(task, self)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Nothing is read meanwhile, so that pings cannot be answered and prove nothing."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    async def watch(self) -> None:
        """Find out that the other side is gone without a word, and end the connection then."""
        while True:
            await trio.sleep(_PING_EVERY_SECONDS)
            try:
                with trio.fail_after(_PONG_WITHIN_SECONDS):
                    await self._websocket.ping()
            except trio_websocket.ConnectionClosed:
                return
            except trio.TooSlowError:
                if not self._busy:
                    raise Dropped("The link is dead: a ping was not answered") from None

    async def close(self) -> None:
        """Say goodbye, and wait a moment for the answer."""
        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self._websocket.aclose()


@asynccontextmanager
async def open_link(url: str, *, ca_file: str | None = None) -> AsyncIterator[Link]:
    """An open connection to *url*, watched by pings until the block ends.

    *ca_file* names the certificates that are trusted for `wss:` in place of the system's.

    Raises:
        Unreachable: nobody there speaks WebSocket now.
        Dropped: a ping was not answered.
        Refusal: the server will never have us.
        ConnectionClosed: the server ended it.
    """
    stream = await _connected(url, ca_file)
    try:
        async with trio.open_nursery() as nursery:
            link = Link(url, await _opened(nursery, stream, urlsplit(url)), nursery)
            link.start(Link.watch)
            try:
                yield link
            finally:
                await link.close()
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _meaning(url, _leading(group)) from group
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)


async def _connected(url: str, ca_file: str | None) -> trio.abc.Stream:
    """A TCP connection, under TLS for `wss:`."""
    try:
        place = urlsplit(url)
        secure = place.scheme == "wss"
        host, port = place.hostname or "", place.port or (443 if secure else 80)
        with trio.fail_after(_CONNECT_SECONDS):
            if not secure:
                return await trio.open_tcp_stream(host, port)
            # the handshake is made here and not with the first byte, so that its errors are known for what they are
            context = _trusting(ca_file)
            stream = await trio.open_ssl_over_tcp_stream(host, port, https_compatible=True, ssl_context=context)
            await stream.do_handshake()
    except ValueError as exc:
        raise Refusal(f"{url} is no URL: {exc}.", Status.USAGE, code="usage") from exc
    except trio.BrokenResourceError as exc:
        raise _unsafe(url, exc) from exc
    except (trio.TooSlowError, OSError) as exc:
        raise Unreachable(f"{url} cannot be reached: {_reason(exc)}") from exc
    return stream


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as exc:
        said = getattr(exc, "strerror", None) or exc
        raise Refusal(f"{ca_file} holds no certificates: {said}.", Status.USAGE, code="certificate_invalid") from exc


def _reason(problem: Exception) -> str:
    """The system's word; trio puts the failures of all addresses of a name below its own."""
    cause = problem.__cause__
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, OSError):
        problem = cause
    if isinstance(problem, trio.TooSlowError):
        return "no answer in time"
    return str(getattr(problem, "strerror", None) or problem)


def _unsafe(url: str, problem: trio.BrokenResourceError) -> Exception:
    if isinstance(problem.__cause__, ssl.SSLCertVerificationError):
        said = problem.__cause__.verify_message
        return Refusal(f"The certificate of {url} is not trusted: {said}.", Status.DENIED, code="untrusted")
    return Unreachable(f"{url} cannot be reached: {problem.__cause__ or problem}")


async def _opened(nursery: trio.Nursery, stream: Any, place: SplitResult) -> Any:
    resource = (place.path or "/") + (f"?{place.query}" if place.query else "")
    with trio.fail_after(_CONNECT_SECONDS):
        return await trio_websocket.wrap_client_stream(
            nursery, stream, place.netloc.rpartition("@")[2], resource, max_message_size=_MOST_MESSAGE_BYTES
        )


def _leading(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a connection's end comes down to: a link that breaks can be noticed by two tasks at once."""
    leaves = [_leading(each) if isinstance(each, BaseExceptionGroup) else each for each in group.exceptions]
    return min(leaves, key=_weight)


def _weight(problem: BaseException) -> int:
    """The least counts. An interrupt breaks a connection in the middle of something, which then fails as well."""
    if not isinstance(problem, Exception):
        return 0
    return 2 if isinstance(problem, Dropped | trio_websocket.ConnectionClosed) else 1


def _meaning(url: str, problem: BaseException) -> BaseException:
    match problem:
        case trio_websocket.ConnectionRejected(status_code=status) if status in _REFUSED:
            return Refusal(f"{url} refused the WebSocket with HTTP {status}.", _REFUSED[status])
        case trio_websocket.ConnectionRejected(status_code=status):
            return Unreachable(f"{url} answers HTTP {status}")
        case trio_websocket.HandshakeError() | trio.TooSlowError() | h11.ProtocolError() | wsproto.ProtocolError():
            return Unreachable(f"{url} does not speak WebSocket")
        case _:
            return problem
