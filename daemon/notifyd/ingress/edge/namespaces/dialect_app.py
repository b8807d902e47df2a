"""Who may open a bare WebSocket at `/client-{clientId}?token=...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Denied, Invalid, NotifydError, Unavailable
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.namespaces.dialect import DialectConnection
from notifyd.ingress.edge.namespaces.entrance import Entrance, ending_of
from notifyd.ingress.edge.namespaces.requests import exception
from notifyd.ingress.edge.refusals import handshake_refused
from notifyd.service.receiving.attending import at_hand
from notifyd.wire.namespaces import dialect
from notifyd.wire.namespaces.events import client_of

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.namespaces.entrance import Visitor
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.store.ports import Attendance
    from notifyd.wire.http.answer import Answer


class DialectApp:
    """Opens connections of this dialect."""

    def __init__(self, services: NamespaceServices, rules: NamespaceRules) -> None:
        self._services = services
        self._rules = rules
        self._entrance = Entrance(services, rules)

    def upgrade(self, request: Request) -> Upgrade | Answer | PendingVisit:
        """Consent to a handshake at a path that begins with `/client-`.

        A person at a terminal sees nothing of a handshake that is refused: who has no good credentials is told so over
        the connection, which then closes. Pages that are not welcome, and anybody who cannot be served for now, are
        refused at once.
        """
        client_id = client_of(request.path)
        try:
            if client_id is None:
                raise Invalid("the path is /client-{clientId}")
            visitor = self._entrance.visitor(client_id, None, request)
        except Unavailable as exc:
            return handshake_refused(exc, request)
        except NotifydError as exc:
            if isinstance(exc, Denied) and exc.code == "origin_not_allowed":
                return handshake_refused(exc, request)
            return Upgrade(RefusedVisit(exc))
        attendance = self._entrance.attend(visitor)
        if visitor.credentials.fcm_token or attendance is not None:
            return PendingVisit(self, visitor, attendance, request)
        return self.visit(visitor)

    async def visit_later(self, visitor: Visitor, attendance: Attendance | None, request: Request) -> Upgrade | Answer:
        """As `upgrade` goes on for who has to wait for its streams, or whose push token is registered first."""
        trouble = await self._entrance.register_device(visitor) if visitor.credentials.fcm_token else None
        try:
            await at_hand(attendance)
        except NotifydError as exc:
            return handshake_refused(exc, request)
        return self.visit(visitor, trouble)

    def visit(self, visitor: Visitor, trouble: NotifydError | None = None) -> Upgrade:
        """The consent; *trouble* is what the peer is told once it is connected."""
        return Upgrade(DialectConnection(self._services, self._rules, visitor, trouble))


class PendingVisit:
    """A connection that something has to be done for first; a `PendingUpgrade`."""

    __slots__ = ("_app", "_attendance", "_request", "_visitor")

    def __init__(self, app: DialectApp, visitor: Visitor, attendance: Attendance | None, request: Request) -> None:
        self._app = app
        self._visitor = visitor
        self._attendance = attendance
        self._request = request

    async def wait(self) -> Upgrade | Answer:
        """See `PendingUpgrade.wait`."""
        return await self._app.visit_later(self._visitor, self._attendance, self._request)


class RefusedVisit:
    """A connection that only says why there is none; a `WebSocketHandler`."""

    __slots__ = ("_problem",)

    def __init__(self, problem: NotifydError) -> None:
        self._problem = problem

    def opened(self, ws: WebSocket) -> None:
        """Say why, and close."""
        ending = ending_of(self._problem)
        ws.put(dialect.event_frame("exception", exception(self._problem)))
        ws.close(ending.code, ending.reason)

    def text(self, payload: bytes) -> None:
        """Nothing is listened to."""

    def binary(self, payload: bytes) -> None:
        """Nothing is listened to."""

    def taken(self) -> None:
        """Every message was answered, or waited for, when it came."""

    def pong(self, payload: bytes) -> None:
        """Nothing is listened to."""

    def closed(self, code: int, reason: str) -> None:
        """Nothing was held."""
