"""What an application gives to the edge, and what it gets from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

import trio
from msgspec import Struct

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.http.stream import HttpStream
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.wire.http.answer import Answer

AsgiEvent = MutableMapping[str, Any]
AsgiReceive = Callable[[], Awaitable[AsgiEvent]]
AsgiSend = Callable[[AsgiEvent], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], AsgiReceive, AsgiSend], Awaitable[None]]


class Pending(Protocol):
    """An answer that is on its way, for example with a group commit."""

    @property
    def answer(self) -> Answer | None:
        """The answer as soon as it is known."""

    async def wait(self) -> Answer:
        """Wait for the answer. An exception becomes a 500."""


class LongPoll:
    """An answer that may be long in coming; the edge watches meanwhile whether the peer is still there.

    `take` is asked until it gives the answer: at first, and after each `wake`.
    """

    __slots__ = ("_waker",)

    def __init__(self) -> None:
        self._waker: Callable[[], None] | None = None

    def take(self) -> Answer | None:
        """The answer, once there is one."""
        raise NotImplementedError

    def left(self) -> None:
        """The peer has left, or the connection ended, before there was an answer; called at most once."""
        raise NotImplementedError

    def wake(self) -> None:
        """Let the edge ask again, as soon as its task has its turn."""
        if self._waker is not None:
            self._waker()

    def watched(self, waker: Callable[[], None]) -> None:
        """The edge tells how it is woken."""
        self._waker = waker


class WebSocketHandler(Protocol):
    """The application's side of one WebSocket connection; the connection's own task makes every call.

    `text` and `binary` give None when they are done, or a coroutine that is awaited before the next message comes.
    """

    def opened(self, ws: WebSocket) -> None:
        """The handshake was answered."""

    def text(self, payload: bytes) -> Coroutine[Any, Any, None] | None:
        """A whole text message, checked UTF-8."""

    def binary(self, payload: bytes) -> Coroutine[Any, Any, None] | None:
        """A whole binary message."""

    def taken(self) -> Coroutine[Any, Any, None] | None:
        """All messages that have come were handed on; a coroutine is awaited before more is read."""

    def pong(self, payload: bytes) -> None:
        """The answer to a ping, or an unsolicited pong."""

    def closed(self, code: int, reason: str) -> None:
        """The connection is over; called once after `opened`. 1006: it broke without a close."""


class Upgrade(Struct, frozen=True):
    """The consent to a WebSocket handshake."""

    handler: WebSocketHandler
    #: one of those that the client offers
    subprotocol: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    #: bound on a message of the peer, where it is not that of the settings
    max_message_bytes: int | None = None


class Handover(Struct, frozen=True):
    """Another process of this daemon serves the connection from here on; it has been told the request."""

    stream: trio.SocketStream


class PendingUpgrade(Protocol):
    """A decision about a handshake that takes time."""

    async def wait(self) -> Upgrade | Handover | Answer:
        """Wait for the decision. An exception becomes a 500."""


class StreamHandler(Protocol):
    """The application's side of an answer without an end."""

    async def run(self, stream: HttpStream) -> None:
        """Begin with `stream.start`; what was put is flushed after the return, then the connection closes."""


class HttpApp(Protocol):
    """An application behind a listener."""

    @property
    def asgi(self) -> AsgiApp:
        """Takes every request that the others below leave."""

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """Answer a request whose body is here, at once or soon; None leaves it to the others."""

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """Decide about a sound WebSocket handshake; None takes it for a plain request."""

    def stream(self, request: Request) -> StreamHandler | None:
        """Take a request without a body for an answer without an end; None leaves it to `asgi`."""
