"""What an application on Socket.IO gives to the driver, and what it gets from it.

One `Socket` is one namespace of one Engine.IO connection; several may share a transport. The driver calls handlers
from the connection's own task and never twice at once; everything on `Socket` is synchronous and never blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request

Step = Coroutine[Any, Any, None] | None

#: Answers the peer's request for a socket.io ack; to be called once, later calls change nothing.
Ack = Callable[..., None]

#: Called with what the peer answered to an event that asked for an ack; a coroutine is awaited before the next packet.
OnAck = Callable[[list[Any]], Step]


class Welcome(Struct, frozen=True):
    """The consent to a CONNECT."""

    handler: NamespaceHandler
    #: The socket's id in the CONNECT answer; it cannot be guessed.
    sid: str
    #: What a stock client brings back to recover its state; "" for none.
    pid: str = ""


class Refusal(Struct, frozen=True):
    """The refusal of a CONNECT: the peer gets a CONNECT_ERROR with this, `connect_error` in a stock client."""

    message: str
    data: dict[str, Any] | None = None


class NotNow(Struct, frozen=True):
    """Nobody can be let in for a while, which a stock client would take for good if it were told.

    A transport without other namespaces ends with this code and reason, so that a stock client comes again by itself;
    where there are others, the peer gets the refusal.
    """

    code: int
    reason: str
    refusal: Refusal


Decision = Welcome | Refusal | NotNow


class Application(Protocol):
    """Decides which namespaces there are and who may connect to them."""

    def connect(self, namespace: str, auth: Any, request: Request, transport: str) -> Decision | PendingConnect:
        """A CONNECT came. *auth* is its payload (None where it had none), *request* that of the transport's handshake:
        path, query, peer and those of its headers that tell of the peer (see `requests.remembered`).

        An exception is logged and answered like `Refusal("internal error")`.
        """


class PendingConnect(Protocol):
    """A decision about a CONNECT that takes time; other packets of the namespace wait for it."""

    async def wait(self) -> Decision:
        """Wait for the decision."""


class NamespaceHandler(Protocol):
    """The application's side of one socket."""

    def opened(self, socket: Socket) -> None:
        """The CONNECT was answered."""

    def event(self, name: str, arguments: list[Any], ack: Ack | None) -> Step:
        """An event; binary attachments stand in *arguments* as bytes. A coroutine is awaited before the next one."""

    def heard(self) -> None:
        """A sign of life of the transport: a packet or a pong. Called often: keep it short."""

    def proven(self, mark: int) -> None:
        """The pong to `Socket.ping(mark)` came: what was written before that ping has arrived."""

    def transport_changed(self) -> None:
        """`Socket.put`, `format` and `transport` are other ones from now on."""

    def closed(self, reason: str) -> None:
        """The socket is over; called exactly once, after `opened`, or without it where the transport ended before.

        *reason* is a word of Socket.IO's: transport close, ping timeout, client namespace disconnect, server namespace
        disconnect, transport error, parse error.
        """


class Socket(Protocol):
    """The driver's side of one socket."""

    namespace: str
    sid: str

    @property
    def transport(self) -> str:
        """websocket or polling."""

    @property
    def put(self) -> Callable[[bytes], bool]:
        """Takes what the encoder of the present transport made: `websocket_event` or `polling_event` of the packets.

        Several may be joined. False: over the outbox's bound; nothing was taken, and the transport must go.
        """

    def emit(self, event: str, *arguments: Any) -> bool:
        """Send one event made of JSON values (and bytes); False as with `put`."""

    def emit_with_ack(self, event: str, *arguments: Any, on_ack: OnAck) -> bool:
        """As `emit`, and call *on_ack* with the peer's answer, if one comes while the socket lives."""

    def ask(self, on_ack: OnAck) -> int:
        """The id for an event that is about to be put, which asks the peer for an ack; else as `emit_with_ack`."""

    def ping(self, mark: int = 0) -> None:
        """Send an Engine.IO ping now; with a *mark*, its pong calls `NamespaceHandler.proven(mark)`."""

    def disconnect(self) -> None:
        """End this namespace alone with a DISCONNECT, after which a stock client does not reconnect."""

    def close(self, code: int, reason: str) -> None:
        """End the transport, and with it all of its sockets: a stock client reconnects. WebSocket carries both."""

    @property
    def pending_bytes(self) -> int:
        """Bytes that wait for the peer."""

    @property
    def behind_since(self) -> float | None:
        """Since when something waits in the outbox of a WebSocket; None while nothing does, and on polling."""

    @property
    def sent_bytes(self) -> int:
        """Bytes that were handed to the transport for this peer."""
