"""The Socket.IO server, as the application on PORT mounts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.ingress.edge.socketio.engine import EngineServer
from notifyd.ingress.edge.socketio.requests import remembered
from notifyd.ingress.edge.socketio.transport import SocketIoTransport

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.http.app import LongPoll, Pending, PendingUpgrade, Upgrade
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.api import Application
    from notifyd.ingress.edge.socketio.engine_api import AllowedOrigin
    from notifyd.ingress.edge.socketio.settings import SocketIoSettings
    from notifyd.wire.http.answer import Answer


class SocketIoServer:
    """Serves Socket.IO 5 over Engine.IO 4. An `HttpApp` asks `upgrade` and `fast`; None: the request is not for us."""

    def __init__(
        self,
        application: Application,
        settings: SocketIoSettings,
        deadlines: Deadlines,
        allowed_origin: AllowedOrigin | None = None,
        siblings: Siblings | None = None,
    ) -> None:
        """*siblings* are asked for sessions that another worker of this daemon holds."""
        #: The other workers of this daemon.
        self.siblings = siblings or Siblings()
        self._application = application
        self._settings = settings
        self._deadlines = deadlines
        self._engine = EngineServer(self, settings.engine, deadlines, allowed_origin, self.siblings)

    def configure(self, settings: SocketIoSettings) -> None:
        """Put other settings in force, for connections to come."""
        self._settings = settings
        self._engine.configure(settings.engine)

    @property
    def connection_count(self) -> int:
        """Transports that are open, whether they have a namespace or not."""
        return self._engine.connection_count

    @property
    def session_count(self) -> int:
        """Those among them that began with polling."""
        return self._engine.session_count

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """For `HttpApp.upgrade`."""
        return self._engine.upgrade(request)

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """For `HttpApp.fast`: polls, POSTs and preflights."""
        return self._engine.fast(request)

    def owns(self, path: str) -> bool:
        """Whether requests of *path* are for us; those that `fast` never sees have too large a body."""
        return self._engine.owns(path)

    def drain(self, code: int, reason: str) -> None:
        """Accept no connection any more, and close all that there are, those without a namespace too."""
        self._engine.drain(code, reason)

    def accept(self, request: Request) -> SocketIoTransport:
        """See `EngineApplication`."""
        return SocketIoTransport(self._application, self._settings.rules, self._deadlines, remembered(request))
