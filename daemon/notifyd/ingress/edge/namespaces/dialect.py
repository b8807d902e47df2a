"""One user over a bare WebSocket, in the plain JSON dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.errors import Invalid, NotifydError
from notifyd.hub.connection import Connection
from notifyd.ingress.edge.catch_up import CatchUps
from notifyd.ingress.edge.inbox_source import InboxSource
from notifyd.ingress.edge.marks import Marks
from notifyd.ingress.edge.namespaces.entrance import ending_of
from notifyd.ingress.edge.namespaces.events import PING, Events, Step
from notifyd.ingress.edge.namespaces.requests import Answer, Encoders, Requests, exception, refusal
from notifyd.ingress.edge.websocket.link import WebSocketLink
from notifyd.model.disconnect import PROTOCOL_ERROR
from notifyd.model.ids import ConnectionId
from notifyd.wire.namespaces import dialect
from notifyd.wire.recent import RecentFrames

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.entrance import Visitor
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.ingress.edge.websocket.socket import WebSocket

FORMAT: Final = "dialect"


class DialectConnection(WebSocketLink):
    """One connection: `WebSocketHandler` to the edge, `Link` to the hub."""

    __slots__ = (
        "_connection",
        "_errors",
        "_events",
        "_marks",
        "_rules",
        "_services",
        "_trouble",
        "_visitor",
        "address",
    )

    format = FORMAT

    def __init__(
        self,
        services: NamespaceServices,
        rules: NamespaceRules,
        visitor: Visitor,
        trouble: NotifydError | None = None,
    ) -> None:
        self._services = services
        self._rules = rules
        self._visitor = visitor
        self._trouble = trouble
        #: The client's address.
        self.address = visitor.address
        self._errors = 0
        self._marks = Marks()
        self._connection: Connection
        self._events: Events[dialect.Message]

    # What the edge calls

    def opened(self, ws: WebSocket) -> None:
        """Greet, and send what waited in the inbox."""
        self._ws = ws
        refused = self._enter()
        connection, principal = self._connection, self._visitor.principal
        requests = Requests(self._services, self._rules, connection)
        catch_ups = CatchUps(connection, self._services.subscriber, self._rules.page_bytes, self.refuse)
        self._events = Events(requests, catch_ups, self)
        if refused is not None:
            self._say("exception", exception(refused))
            self.end(ending_of(refused))
            return
        who = {"socketId": connection.id, "clientId": principal.client_id, "userId": principal.user_id}
        self._say("connected", who)
        if self._trouble is not None:
            self._say("exception", exception(self._trouble))
        if self._visitor.credentials.acks:
            self._events.requests.receive_inbox(_ENCODERS, max_unacked=self._visitor.credentials.max_unacked)
            return
        found = self._services.inboxes.check(connection)
        self._events.catch_ups.begin(InboxSource(self._services.inboxes, connection, found, dialect.notification_frame))

    def _enter(self) -> NotifydError | None:
        connector, visitor = self._services.connector, self._visitor
        # Where nobody is let in, `closed` finds a connection that the hub does not know.
        self._connection = Connection(ConnectionId(""), self, opened_at=0.0, connected_at=0)
        try:
            # The handshake took its time, in which the client may have gone, or its secret.
            principal = connector.token_principal(
                visitor.credentials.token,
                visitor.principal.client_id,
                address=self.address,
                transport=self.transport,
            )
            self._connection = connector.admit(self)
            connector.enter(self._connection, principal)
        except NotifydError as exc:
            return exc
        return None

    def text(self, payload: bytes) -> Step:
        """One message of the peer."""
        self._connection.received_at = trio.current_time()
        self._services.counters.frames_received += 1
        try:
            message = dialect.parse_message(payload)
        except NotifydError as exc:
            self.refuse(exc)
            return None
        if message.event == PING:
            self._ping(message)
            return None
        return self._events.answer(message.event, message.data, message, _ENCODERS)

    def binary(self, payload: bytes) -> None:
        """There are no binary messages."""
        self._connection.received_at = trio.current_time()
        self.refuse(Invalid("messages are JSON texts, not binary", code="invalid_message"))

    def taken(self) -> None:
        """Every message was answered, or waited for, when it came."""

    def pong(self, payload: bytes) -> None:
        """A sign of life, and the proof of what was written before its ping."""
        self._connection.received_at = trio.current_time()
        for mark in self._marks.answered(payload):
            if not self._events.catch_ups.proven(mark):
                self._services.inboxes.proven(self._connection, mark)

    def closed(self, code: int, reason: str) -> None:
        """The link is gone."""
        self._services.connector.leave(self._connection)
        # They hold us as well: none should wait for the garbage collector.
        del self._connection, self._events

    # What the hub calls

    def ping(self, mark: int = 0) -> None:
        """See `Link.ping`; the mark travels in the payload."""
        self._ws.ping(self._marks.ask(mark))

    # Answers

    def _put(self, frame: bytes) -> None:
        if not self._ws.put(frame):
            self._services.subscriber.end_slow(self._connection)

    def _say(self, event: str, data: Any = None) -> None:
        self._put(dialect.event_frame(event, data))

    def reply(self, answer: Answer, event: str, asked: dialect.Message) -> None:
        """See `Voice`."""
        if asked.id is not None:
            self._put(dialect.ack_frame(asked.id, answer))
        elif event:
            self._say(event, answer)

    def refuse(self, problem: NotifydError, asked: dialect.Message | None = None) -> None:
        """See `Voice`."""
        self._services.counters.messages_refused += 1
        if asked is not None and asked.id is not None:
            self._put(dialect.ack_frame(asked.id, refusal(problem)))
        else:
            self._say("exception", exception(problem))
        if isinstance(problem, Invalid):
            self._errors += 1
            if self._errors >= self._rules.max_protocol_errors:
                self._ws.close(PROTOCOL_ERROR.code, PROTOCOL_ERROR.reason)

    def _ping(self, message: dialect.Message) -> None:
        if message.id is not None:
            self._put(dialect.ack_frame(message.id, message.data))
        self._say("pong", message.data)


_ENCODERS: Final = Encoders(dialect.notification_frame, RecentFrames(dialect.notification_frame))
