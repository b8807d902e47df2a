"""What sits on Engine.IO: an application that takes connections and their messages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request

Step = Coroutine[Any, Any, None] | None

#: The origin that may read an answer to this request, "*" for any, None for none.
AllowedOrigin = Callable[["Request"], "str | None"]


class EngineLink(Protocol):
    """The driver's side of one connection. Everything is synchronous and never blocks."""

    @property
    def transport(self) -> str:
        """websocket or polling."""

    @property
    def put(self) -> Callable[[bytes], bool]:
        """Takes what `wire.socketio.engineio` made for the present transport. False: not taken, the peer is slow."""

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the peer."""

    @property
    def behind_since(self) -> float | None:
        """Since when something waits for a WebSocket, in seconds of trio.current_time(); None else."""

    @property
    def sent_bytes(self) -> int:
        """Bytes that were handed to the transport."""

    def ping(self, mark: Callable[[], None] | None = None) -> None:
        """Ping now; *mark* is called when its very pong comes."""

    def close(self, code: int, reason: str) -> None:
        """End the connection; WebSocket carries both."""

    def look_at_due(self) -> None:
        """`EngineHandler.due` has moved to an earlier time."""


class EngineHandler(Protocol):
    """The application's side of one connection; never called twice at once, nor from within a call of its own.

    `text` and `binary` give None when they are done, or a coroutine that is awaited before the next message comes.
    """

    @property
    def due(self) -> float:
        """When `on_deadline` has something to do: infinity for never. It may move to later without a word."""

    def on_deadline(self, now: float) -> None:
        """The time *now* is `due` or past it."""

    def opened(self, link: EngineLink) -> None:
        """The handshake is written."""

    def text(self, data: bytes) -> Step:
        """A text message, checked UTF-8.

        Raises:
            PacketInvalid: end the connection with a parse error.
        """

    def binary(self, data: bytes) -> Step:
        """A binary message; raises as `text`."""

    def pong(self) -> None:
        """A pong came."""

    def transport_changed(self) -> None:
        """`EngineLink.put` and `transport` are other ones from now on."""

    def closed(self, reason: str) -> None:
        """The connection is over; called once after `opened`, with a word of Socket.IO's."""


class EngineApplication(Protocol):
    """What makes handlers."""

    def accept(self, request: Request) -> EngineHandler:
        """A peer has begun a connection with *request*."""
