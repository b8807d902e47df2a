"""The Engine.IO server: its requests and handshakes, and the bounds on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.siblings.house import Siblings
from notifyd.ingress.edge.socketio.connection import EngineConnection
from notifyd.ingress.edge.socketio.polling import PollingSide
from notifyd.ingress.edge.socketio.requests import Query, cors, polled, preflight, refused, unavailable
from notifyd.ingress.edge.socketio.sessions import Sessions, new_sid
from notifyd.ingress.edge.socketio.upgrading import Probe
from notifyd.wire.socketio.engineio import BAD_REQUEST, UNKNOWN_SID, open_packet, polling_packet

if TYPE_CHECKING:
    from notifyd.ingress.edge.deadlines import Deadlines
    from notifyd.ingress.edge.http.app import LongPoll, Pending, PendingUpgrade
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.socketio.engine_api import AllowedOrigin, EngineApplication
    from notifyd.ingress.edge.socketio.requests import Headers
    from notifyd.ingress.edge.socketio.settings import EngineSettings
    from notifyd.wire.http.answer import Answer

_SIBLING_SECONDS: Final = 5.0


def _no_origin(_request: Request) -> str | None:
    return None


class EngineServer:
    """To be asked by an `HttpApp` of the edge, before all else or after."""

    def __init__(
        self,
        application: EngineApplication,
        settings: EngineSettings,
        deadlines: Deadlines,
        allowed_origin: AllowedOrigin | None = None,
        siblings: Siblings | None = None,
    ) -> None:
        self._siblings = siblings or Siblings()
        self._application = application
        self._allowed_origin = allowed_origin or _no_origin
        self._sessions = Sessions(settings, deadlines)
        self._paths: frozenset[str]
        self._draining = False
        self.configure(settings)

    def configure(self, settings: EngineSettings) -> None:
        """Put other settings in force, for connections to come."""
        self._sessions.settings = settings
        path = settings.path.rstrip("/")
        self._paths = frozenset((path, path + "/"))

    @property
    def connection_count(self) -> int:
        """Connections that are open, on either transport."""
        return len(self._sessions.connections)

    @property
    def session_count(self) -> int:
        """Those among them that began with polling."""
        return len(self._sessions)

    def owns(self, path: str) -> bool:
        """Whether requests of *path* are for us; those that `fast` never sees have too large a body."""
        return path in self._paths

    def drain(self, code: int, reason: str) -> None:
        """Accept no connection any more, and close all that there are."""
        self._draining = True
        for connection in list(self._sessions.connections):
            connection.close(code, reason)

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingUpgrade | None:
        """For `HttpApp.upgrade`; None: it is not for us."""
        if request.path not in self._paths:
            return None
        query = Query.of(request)
        problem = query.problem(request, upgrade=True)
        if problem is not None:
            return refused(problem)
        settings = self._sessions.settings
        max_bytes = settings.rules.max_payload_bytes
        if not query.sid:
            if self._draining:
                return unavailable()
            handler = self._application.accept(request)
            connection = EngineConnection(self._sessions, handler, settings.rules)
            return Upgrade(connection, max_message_bytes=max_bytes)
        known = self._find(query.sid)
        if known is None or known.polling is None:
            owner = self._siblings.owner(query.sid)
            unknown = refused(UNKNOWN_SID)
            return unknown if owner is None else self._siblings.hand_over(request, owner, unknown)
        # one that needs no upgrade is told so by a close, as the reference implementation does
        return Upgrade(Probe(known, known.polling, self._sessions), max_message_bytes=max_bytes)

    def fast(self, request: Request) -> Answer | Pending | LongPoll | None:
        """For `HttpApp.fast`; None: it is not for us."""
        if request.path not in self._paths:
            return None
        headers = cors(request, self._allowed_origin(request))
        if request.method == "OPTIONS":
            return preflight(request, headers)
        query = Query.of(request)
        problem = query.problem(request, upgrade=False)
        if problem is not None:
            return refused(problem, headers)
        if not query.sid:
            return self._begin(request, headers)
        known = self._find(query.sid)
        if known is None or known.polling is None:
            owner = self._siblings.owner(query.sid)
            unknown = refused(UNKNOWN_SID, headers)
            return unknown if owner is None else self._siblings.forward(request, owner, unknown, self._patience)
        if request.method == "GET":
            return known.polling.get(headers)
        if request.method == "POST":
            return known.polling.data(request, headers)
        return refused(BAD_REQUEST, headers)

    @property
    def _patience(self) -> float:
        rules = self._sessions.settings.rules
        # the owner of a session pings within this time, which ends a poll, or has given the session up
        return rules.ping_interval_seconds + rules.ping_timeout_seconds + _SIBLING_SECONDS

    def _find(self, sid: str) -> EngineConnection | None:
        known = self._sessions.find(sid)
        if known is not None:
            known.check(trio.current_time())
            known = self._sessions.find(sid)
        return known

    def _begin(self, request: Request, headers: Headers) -> Answer:
        sessions = self._sessions
        if self._draining or not sessions.may_add(request.peer.host):
            return unavailable(headers)
        rules = sessions.settings.rules
        connection = EngineConnection(sessions, self._application.accept(request), rules)
        sid = self._siblings.marked(new_sid())
        side = PollingSide(connection, sessions, rules, sid=sid, address=request.peer.host)
        connection.polling = side
        side.force(polling_packet(open_packet(sid, rules, upgrades=True)))
        connection.begin()
        return polled(side.queue.take(), headers)
