"""The namespaces of registered clients: who may connect, and where a socket goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyd.errors import Invalid, NotifydError, Unavailable
from notifyd.ingress.edge.namespaces.connection import NamespaceConnection
from notifyd.ingress.edge.namespaces.credentials import query_fields
from notifyd.ingress.edge.namespaces.entrance import Entrance, Visitor, ending_of
from notifyd.ingress.edge.namespaces.requests import refusal
from notifyd.ingress.edge.origins import origin_listed, same_origin
from notifyd.ingress.edge.socketio.api import NotNow, Refusal, Welcome
from notifyd.model.ids import ClientId
from notifyd.service.receiving.attending import at_hand
from notifyd.wire.namespaces.events import client_of

if TYPE_CHECKING:
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.ingress.edge.socketio.api import Decision
    from notifyd.store.ports import Attendance


class NamespaceApplication:
    """`Application` to the Socket.IO driver."""

    def __init__(self, services: NamespaceServices, rules: NamespaceRules) -> None:
        self._services = services
        self._rules = rules
        self._entrance = Entrance(services, rules)

    def connect(self, namespace: str, auth: Any, request: Request, transport: str) -> Decision | PendingWelcome:
        """See `Application.connect`."""
        client_id = client_of(namespace)
        if client_id is None:
            return Refusal("Invalid namespace")
        try:
            visitor = self._entrance.visitor(client_id, auth, request)
            attendance = self._entrance.attend(visitor)
            if visitor.credentials.fcm_token or attendance is not None:
                return PendingWelcome(self, visitor, attendance)
            return self._welcome(visitor)
        except NotifydError as exc:
            return _refused(exc)

    async def welcome_later(self, visitor: Visitor, attendance: Attendance | None) -> Decision:
        """As `connect` goes on for who has to wait for its streams, or whose push token is registered first."""
        trouble = await self._entrance.register_device(visitor) if visitor.credentials.fcm_token else None
        try:
            await at_hand(attendance)
            return self._welcome(self._entrance.again(visitor), trouble)
        except NotifydError as exc:
            return _refused(exc)

    def _welcome(self, visitor: Visitor, trouble: NotifydError | None = None) -> Welcome:
        handler = NamespaceConnection(self._services, self._rules, visitor)
        connection, resumption = self._entrance.admit(handler, visitor)
        handler.enter(connection, resumption, trouble)
        return Welcome(handler, sid=connection.id, pid=resumption.pid)

    def allowed_origin(self, request: Request) -> str | None:
        """The origin that may read the answer to a request of polling, "*" for any, None for none.

        Which namespaces a transport is for is not known before it stands, so that the pages of any client may open one.
        """
        origin = request.header(b"origin")
        if origin is None:
            return None
        allowed = (*self._rules.allowed_origins, *self._rules.http_origins)
        if "*" in allowed:
            return "*"
        welcome = origin_listed(origin, allowed) or self._of_client(request, origin)
        return origin.decode("latin-1") if welcome else None

    def _of_client(self, request: Request, origin: bytes) -> bool:
        try:
            client_id = query_fields(request).get("clientId")
        except Invalid:
            return False
        clients = self._services.clients
        if client_id:
            return same_origin(origin, clients.origin_of(ClientId(client_id)))
        return clients.has_origin(origin.decode("latin-1"))


class PendingWelcome:
    """A connection that something has to be done for first; a `PendingConnect`."""

    __slots__ = ("_application", "_attendance", "_visitor")

    def __init__(self, application: NamespaceApplication, visitor: Visitor, attendance: Attendance | None) -> None:
        self._application = application
        self._visitor = visitor
        self._attendance = attendance

    async def wait(self) -> Decision:
        """See `PendingConnect.wait`."""
        return await self._application.welcome_later(self._visitor, self._attendance)


def _refused(problem: NotifydError) -> Refusal | NotNow:
    told = Refusal(problem.told, refusal(problem)["error"])
    if not isinstance(problem, Unavailable):
        return told
    ending = ending_of(problem)
    return NotNow(ending.code, ending.reason, told)
