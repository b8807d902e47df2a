"""Which function answers which message of the plain JSON protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from notifyd.ingress.edge.native.acking import ack, nack
from notifyd.ingress.edge.native.entering import authenticate
from notifyd.ingress.edge.native.presence import presence
from notifyd.ingress.edge.native.subscribing import subscribe, unsubscribe
from notifyd.wire import native

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.native.connection import NativeConnection, Step


def ping(peer: NativeConnection, message: native.Ping) -> Step:
    """Answer a sign of life."""
    peer.say(native.pong(message.request_id))
    return None


#: Each raises what is wrong with the message, or refuses it by itself where it has to wait.
ANSWERS: Final[dict[type, Callable[[NativeConnection, Any], Step]]] = {
    native.Authenticate: authenticate,
    native.Subscribe: subscribe,
    native.Unsubscribe: unsubscribe,
    native.Ping: ping,
    native.Ack: ack,
    native.Nack: nack,
    native.Presence: presence,
}
