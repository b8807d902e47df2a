"""What every connection on a WebSocket of its own gives to the hub in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.model.disconnect import Disconnect


class WebSocketLink:
    """The part of a `Link` that needs nothing but the WebSocket."""

    __slots__ = ("_ws",)

    transport = "websocket"
    answers = True
    broadcasts = True

    _ws: WebSocket

    @property
    def put(self) -> Callable[[bytes], bool]:
        """See `Link.put`."""
        return self._ws.outbox.put

    def end(self, disconnect: Disconnect) -> None:
        """Close with the code and the reason."""
        self._ws.close(disconnect.code, disconnect.reason)

    def pending_bytes(self) -> int:
        """What waits in the outbox."""
        return self._ws.pending_bytes

    def behind_since(self) -> float | None:
        """See `Link.behind_since`."""
        return self._ws.outbox.behind_since

    def sent_bytes(self) -> int:
        """What was written so far."""
        return self._ws.sent_bytes
