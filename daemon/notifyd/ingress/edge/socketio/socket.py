"""One namespace on one transport, as the application sees it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from notifyd.wire.socketio.packets import ack_packet, disconnect_packet, event_packet

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.socketio.api import OnAck, Step, Welcome
    from notifyd.ingress.edge.socketio.transport import SocketIoTransport


class NamespaceSocket:
    """A `Socket` of the seam."""

    __slots__ = ("_ack_count", "_acks", "_transport", "handler", "namespace", "sid")

    def __init__(self, transport: SocketIoTransport, namespace: str, welcome: Welcome) -> None:
        self._transport = transport
        self._acks: dict[int, OnAck] | None = None
        self._ack_count = 0
        #: See `Socket`.
        self.namespace = namespace
        self.sid = welcome.sid
        #: The application's side.
        self.handler = welcome.handler

    @property
    def transport(self) -> str:
        """See `Socket`."""
        return self._transport.link.transport

    @property
    def put(self) -> Callable[[bytes], bool]:
        """See `Socket`."""
        return self._transport.link.put

    @property
    def pending_bytes(self) -> int:
        """See `Socket`."""
        return self._transport.link.pending_bytes

    @property
    def behind_since(self) -> float | None:
        """See `Socket`."""
        return self._transport.link.behind_since

    @property
    def sent_bytes(self) -> int:
        """See `Socket`."""
        return self._transport.link.sent_bytes

    def emit(self, event: str, *arguments: Any) -> bool:
        """See `Socket`."""
        return self._transport.send(event_packet(self.namespace, event, arguments))

    def emit_with_ack(self, event: str, *arguments: Any, on_ack: OnAck) -> bool:
        """See `Socket`."""
        sent = self._transport.send(event_packet(self.namespace, event, arguments, self._ack_count))
        if sent:
            self.ask(on_ack)
        return sent

    def ask(self, on_ack: OnAck) -> int:
        """See `Socket`."""
        number = self._ack_count
        self._ack_count = number + 1
        if self._acks is None:
            self._acks = {}
        elif len(self._acks) >= self._transport.rules.max_unanswered_acks:
            del self._acks[next(iter(self._acks))]
        self._acks[number] = on_ack
        return number

    def ping(self, mark: int = 0) -> None:
        """See `Socket`."""
        self._transport.link.ping(partial(self._transport.prove, self, mark) if mark else None)

    def disconnect(self) -> None:
        """See `Socket`."""
        if self._transport.leave(self):
            self._transport.send(disconnect_packet(self.namespace))

    def close(self, code: int, reason: str) -> None:
        """See `Socket`."""
        self._transport.link.close(code, reason)

    def acked(self, number: int | None, arguments: list[Any]) -> Step:
        """The peer's answer to `ask`; one that nobody waits for changes nothing."""
        on_ack = self._acks.pop(number, None) if self._acks is not None and number is not None else None
        return None if on_ack is None else on_ack(arguments)

    def answer(self, number: int) -> OnceAck:
        """What answers the peer's request for an ack."""
        return OnceAck(self._transport, self.namespace, number)


class OnceAck:
    """Answers a request for an ack, the first time that it is called."""

    __slots__ = ("_namespace", "_number", "_transport")

    def __init__(self, transport: SocketIoTransport, namespace: str, number: int) -> None:
        self._transport: SocketIoTransport | None = transport
        self._namespace = namespace
        self._number = number

    def __call__(self, *arguments: Any) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.answer(ack_packet(self._namespace, self._number, arguments))
