"""Who may come in as a user of a client, and where a socket goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.errors import Denied, NotAuthenticated, NotifydError, Unavailable
from notifyd.ingress.edge.namespaces.credentials import Credentials, read_credentials
from notifyd.ingress.edge.namespaces.sources import OWN
from notifyd.ingress.edge.origins import origin_allowed, same_origin
from notifyd.model.disconnect import DRAINED, NOT_NOW, TOKEN_ENDED, TOO_MANY_CONNECTIONS, WRONG_CREDENTIAL
from notifyd.model.position import StreamPosition
from notifyd.model.principal import Principal
from notifyd.policy.receiving.recovery import Session
from notifyd.wire.namespaces.events import Place, parse_place

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection, Link
    from notifyd.ingress.edge.http.request import Request
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.model.disconnect import Disconnect
    from notifyd.model.ids import ClientId, ConnectionId
    from notifyd.store.ports import Attendance

log = structlog.get_logger("notifyd.namespaces")

#: What refused visitors are noted to have come by; which transport it would have become is not known yet.
_TRANSPORT: Final = "namespace"

_ENDINGS: Final = {
    "token_expired": TOKEN_ENDED,
    "too_many_connections": TOO_MANY_CONNECTIONS,
    "draining": DRAINED,
}


def ending_of(problem: NotifydError) -> Disconnect:
    """How a connection closes whose peer may not come in."""
    return _ENDINGS.get(problem.code, NOT_NOW if isinstance(problem, Unavailable) else WRONG_CREDENTIAL)


class Visitor(msgspec.Struct, frozen=True):
    """A user whose credentials are good."""

    principal: Principal
    credentials: Credentials
    address: str


class Resumption(msgspec.Struct, frozen=True):
    """Where a socket goes on, or begins."""

    session: Session
    place: Place
    #: What the peer keeps to recover; "" where it does not.
    pid: str


class Entrance:
    """Looks at credentials and lets connections in."""

    def __init__(self, services: NamespaceServices, rules: NamespaceRules) -> None:
        self._services = services
        self._rules = rules

    def visitor(self, client_id: ClientId, auth: Any, request: Request) -> Visitor:
        """Who wants to come in as a user of *client_id*.

        Raises:
            Draining: nobody is let in any more.
            NotFound: there is no such client.
            Invalid, Denied, NotAuthenticated: see the code and the message.
        """
        services = self._services
        services.connector.check_open()
        address = self._rules.proxies.client_address(request)
        try:
            services.clients.known(client_id)
            credentials = read_credentials(auth, request, services.clients.cookie_name_of(client_id))
            self._check(client_id, credentials, request)
        except NotifydError as exc:
            services.connector.refusals.note(exc, address=address, transport=_TRANSPORT, client_id=client_id)
            raise
        principal = services.connector.token_principal(
            credentials.token, client_id, address=address, transport=_TRANSPORT
        )
        return Visitor(principal, credentials, address)

    def again(self, visitor: Visitor) -> Visitor:
        """*visitor* after a while, in which the client may have gone, or its secret, or the token may have expired.

        Raises:
            NotAuthenticated: see the code and the message.
        """
        principal = self._services.connector.token_principal(
            visitor.credentials.token, visitor.principal.client_id, address=visitor.address, transport=_TRANSPORT
        )
        return msgspec.structs.replace(visitor, principal=principal)

    def _check(self, client_id: ClientId, credentials: Credentials, request: Request) -> None:
        if credentials.client_id not in ("", client_id):
            raise Denied("clientId is not the one of the namespace", code="client_mismatch")
        if not credentials.token:
            raise NotAuthenticated(
                "no token: give it in auth, in the query, or in the client's cookie", code="token_missing"
            )
        if not self._origin_welcome(client_id, request.header(b"origin"), from_cookie=credentials.from_cookie):
            raise Denied("this origin may not connect: it is not the client's own", code="origin_not_allowed")

    def _origin_welcome(self, client_id: ClientId, origin: bytes | None, *, from_cookie: bool) -> bool:
        own, allowed = self._services.clients.origin_of(client_id), self._rules.allowed_origins
        if from_cookie:
            # Browsers send cookies for any page. Where none of the client's is known, no page can be told from it.
            return origin is not None and same_origin(origin, own)
        return origin_allowed(origin, (*allowed, own) if allowed and own else allowed)

    async def register_device(self, visitor: Visitor) -> NotifydError | None:
        """Note the push token that the visitor brought; answers what is wrong, if anything."""
        principal = visitor.principal
        try:
            with trio.fail_after(self._rules.device_seconds):
                await self._services.devices.register(
                    principal.client_id, principal.user_id, visitor.credentials.fcm_token
                )
        except NotifydError as exc:
            problem = exc
        except trio.TooSlowError:
            problem = Unavailable("the device could not be registered in time: connect again")
        else:
            return None
        log.warning("device_not_registered", client_id=principal.client_id, code=problem.code)
        return problem

    def attend(self, visitor: Visitor) -> Attendance | None:
        """What has to be at hand before `admit`; None where it is."""
        return self._services.attending.principal(visitor.principal)

    def admit(self, link: Link, visitor: Visitor) -> tuple[Connection, Resumption]:
        """Let a visitor in: broadcasts and the inbox reach it once it has caught up.

        Raises:
            Draining: nobody is let in any more.
            TooManyConnections: the user has as many connections as a user may have.
        """
        resumption = self._recovery(visitor)
        connector = self._services.connector
        connection = connector.admit(link, resumption.session.sid if resumption else None)
        try:
            connector.enter(connection, visitor.principal, join=False)
        except NotifydError:
            connector.leave(connection)
            raise
        return connection, resumption or self._beginning(visitor, connection.id)

    def _recovery(self, visitor: Visitor) -> Resumption | None:
        """Where the socket of that pid goes on; None where it cannot without a gap."""
        pid, offset = visitor.credentials.pid, visitor.credentials.offset
        session = self._services.pids.open(pid) if pid else None
        if session is None or not session.belongs_to(visitor.principal):
            return None
        place = parse_place(offset) if offset else Place(session.stream, session.inbox)
        if place is None or not self._kept(session, place):
            return None
        return Resumption(session, place, pid)

    def _kept(self, session: Session, place: Place) -> bool:
        services = self._services
        if not services.history.since(session.client_id, OWN, place.stream, now=now_ms()).recovered:
            return False
        if place.inbox is None:
            return True
        return bool(services.inboxes.look(session.client_id, session.user_id, place.inbox).recovered)

    def _beginning(self, visitor: Visitor, sid: ConnectionId) -> Resumption:
        client_id, user_id = visitor.principal.client_id, visitor.principal.user_id
        inbox = self._services.inboxes.look(client_id, user_id)
        begins_at = inbox.position
        if inbox.replay and inbox.replay[0].inbox is not None:
            first = inbox.replay[0].inbox
            begins_at = StreamPosition(first.epoch, first.offset - 1)
        session = Session(client_id, user_id, sid, self._services.history.position(client_id, OWN), begins_at)
        pid = self._services.pids.seal(session) if visitor.credentials.recovers else ""
        return Resumption(session, Place(session.stream, session.inbox), pid)
