"""Who else is served on PORT beside REST: WebSocket at `/`, Socket.IO, and the plain JSON dialect of the namespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.app import LongPoll, Pending, PendingUpgrade, Upgrade
    from notifyd.ingress.edge.http.request import Request
    from notifyd.wire.http.answer import Answer

WebSocketUpgrade = Callable[["Request"], "Upgrade | Answer"]

#: The namespaces of clients, and with the plain JSON dialect their URLs.
_NAMESPACES: Final = "/client-"


class SocketIo(Protocol):
    """Engine.IO's two transports on one path."""

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """Answer a request of the polling transport; see `HttpApp.fast`."""

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """Decide about a handshake of the WebSocket transport; see `HttpApp.upgrade`."""


class Dialect(Protocol):
    """Plain JSON frames on `/client-{clientId}`."""

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """Decide about a handshake; see `HttpApp.upgrade`."""


class Realtime(Struct, frozen=True):
    """The parties, and what belongs to whom."""

    websocket: WebSocketUpgrade
    #: None: not served.
    socketio: SocketIo | None = None
    #: None: not served.
    dialect: Dialect | None = None
    #: Where Socket.IO is, without a slash at the end.
    path: str = "/socket.io"

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """The answer to a request of the polling transport; None: it is none."""
        return self.socketio.fast(request) if self.socketio is not None and self._is_socketio(request) else None

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """The decision of the one that is served at the path; None where there is nobody."""
        if request.path == "/":
            return self.websocket(request)
        party: SocketIo | Dialect | None = None
        if self._is_socketio(request):
            party = self.socketio
        elif request.path.startswith(_NAMESPACES):
            party = self.dialect
        return None if party is None else party.upgrade(request)

    def _is_socketio(self, request: Request) -> bool:
        return request.path.removesuffix("/") == self.path
