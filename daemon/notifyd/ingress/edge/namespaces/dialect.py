"""One user over a bare WebSocket, in the plain JSON dialect."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.errors import Invalid, NotifydError
from notifyd.hub.connection import Connection
from notifyd.ingress.edge.catch_up import CatchUps
from notifyd.ingress.edge.inbox_source import InboxSource
from notifyd.ingress.edge.marks import Marks
from notifyd.ingress.edge.namespaces.requests import Answer, Encoders, Requests, exception, refusal
from notifyd.ingress.edge.websocket.link import WebSocketLink
from notifyd.model.disconnect import (
    DRAINED,
    PROTOCOL_ERROR,
    TOKEN_ENDED,
    TOO_MANY_CONNECTIONS,
    WRONG_CREDENTIAL,
)
from notifyd.model.ids import ConnectionId
from notifyd.wire import dialect
from notifyd.wire.recent import RecentFrames

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from notifyd.ingress.edge.namespaces.entrance import Visitor
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.model.disconnect import Disconnect

FORMAT: Final = "dialect"

Step = Coroutine[Any, Any, None] | None

_ENDINGS: Final = {
    "token_expired": TOKEN_ENDED,
    "too_many_connections": TOO_MANY_CONNECTIONS,
    "draining": DRAINED,
}


def ending_of(problem: NotifydError) -> Disconnect:
    """How a connection closes whose peer may not come in."""
    return _ENDINGS.get(problem.code, WRONG_CREDENTIAL)


class DialectConnection(WebSocketLink):
    """One connection: `WebSocketHandler` to the edge, `Link` to the hub."""

    __slots__ = (
        "_catch_ups",
        "_connection",
        "_errors",
        "_marks",
        "_requests",
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
        self._requests: Requests
        self._catch_ups: CatchUps

    # What the edge calls

    def opened(self, ws: WebSocket) -> None:
        """Greet, and send what waited in the inbox."""
        self._ws = ws
        refused = self._enter()
        connection, principal = self._connection, self._visitor.principal
        self._requests = Requests(self._services, self._rules, connection)
        self._catch_ups = CatchUps(connection, self._services.subscriber, self._rules.page_bytes, self._refuse)
        if refused is not None:
            self._say("exception", exception(refused))
            self.end(ending_of(refused))
            return
        who = {"socketId": connection.id, "clientId": principal.client_id, "userId": principal.user_id}
        self._say("connected", who)
        if self._trouble is not None:
            self._say("exception", exception(self._trouble))
        if self._visitor.credentials.acks:
            self._requests.receive_inbox(_ENCODERS)
            return
        found = self._services.inboxes.check(connection)
        self._catch_ups.begin(InboxSource(self._services.inboxes, connection, found, dialect.notification_frame))

    def _enter(self) -> NotifydError | None:
        connector, visitor = self._services.connector, self._visitor
        # Where nobody is let in, `closed` finds a connection that the hub does not know.
        self._connection = Connection(ConnectionId(""), self, opened_at=0.0, connected_at=0)
        try:
            # The handshake took its time, in which the client may have gone, or its secret.
            principal = connector.token_principal(visitor.credentials.token, visitor.principal.client_id)
            self._connection = connector.admit(self)
            connector.enter(self._connection, principal)
        except NotifydError as exc:
            return exc
        return None

    def text(self, payload: bytes) -> Step:
        """One message of the peer."""
        self._connection.received_at = trio.current_time()
        self._services.counters.frames_received += 1
        message = None
        try:
            message = dialect.parse_message(payload)
            respond = _EVENTS.get(message.event)
            if respond is None:
                known = ", ".join(_EVENTS)
                raise Invalid(f"there is no event {message.event!r:.80}: known are {known}", code="unknown_event")
            return respond(self, message)
        except NotifydError as exc:
            self._refuse(exc, message)
            return None

    def binary(self, payload: bytes) -> None:
        """There are no binary messages."""
        self._connection.received_at = trio.current_time()
        self._refuse(Invalid("messages are JSON texts, not binary", code="invalid_message"))

    def pong(self, payload: bytes) -> None:
        """A sign of life, and the proof of what was written before its ping."""
        self._connection.received_at = trio.current_time()
        for mark in self._marks.answered(payload):
            if not self._catch_ups.proven(mark):
                self._services.inboxes.proven(self._connection, mark)

    def closed(self, code: int, reason: str) -> None:
        """The link is gone."""
        self._services.connector.leave(self._connection)
        # They hold us as well: none should wait for the garbage collector.
        del self._connection, self._requests, self._catch_ups

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

    def _reply(self, message: dialect.Message, answer: Answer, event: str = "") -> None:
        if message.id is not None:
            self._put(dialect.ack_frame(message.id, answer))
        elif event:
            self._say(event, answer)

    def _refuse(self, problem: NotifydError, message: dialect.Message | None = None) -> None:
        self._services.counters.messages_refused += 1
        if message is not None and message.id is not None:
            self._put(dialect.ack_frame(message.id, refusal(problem)))
        else:
            self._say("exception", exception(problem))
        if isinstance(problem, Invalid):
            self._errors += 1
            if self._errors >= self._rules.max_protocol_errors:
                self._ws.close(PROTOCOL_ERROR.code, PROTOCOL_ERROR.reason)

    # Events

    async def _later(self, answering: Awaitable[Answer], message: dialect.Message, event: str = "") -> None:
        try:
            answer = await answering
        except NotifydError as exc:
            self._refuse(exc, message)
        else:
            self._reply(message, answer, event)

    def _job(self, message: dialect.Message) -> Step:
        return self._later(self._requests.publish(message.data), message)

    def _ack(self, message: dialect.Message) -> Step:
        return self._later(self._requests.ack(message.data), message, "acked")

    def _nack(self, message: dialect.Message) -> Step:
        return self._later(self._requests.nack(message.data), message, "nacked")

    def _ping(self, message: dialect.Message) -> None:
        if message.id is not None:
            self._put(dialect.ack_frame(message.id, message.data))
        self._say("pong", message.data)

    def _authenticate(self, message: dialect.Message) -> None:
        self._reply(message, self._requests.authenticate(message.data), "authenticated")

    def _subscribe(self, message: dialect.Message) -> None:
        self._catch_ups.check_room()
        done = self._requests.subscribe(message.data, _ENCODERS)
        self._catch_ups.drop(done.answer["channel"])
        self._reply(message, done.answer, "subscribed")
        if done.source is not None:
            self._catch_ups.begin(done.source)
        elif done.start is not None:
            done.start()

    def _unsubscribe(self, message: dialect.Message) -> None:
        answer = self._requests.unsubscribe(message.data)
        self._catch_ups.drop(answer["channel"])
        self._reply(message, answer, "unsubscribed")

    def _presence(self, message: dialect.Message) -> None:
        self._reply(message, self._requests.presence(message.data), "presence")


_ENCODERS: Final = Encoders(dialect.notification_frame, RecentFrames(dialect.notification_frame))

_EVENTS: Final[dict[str, Callable[[DialectConnection, dialect.Message], Step]]] = {
    "notification-job": DialectConnection._job,
    "ping": DialectConnection._ping,
    "authenticate": DialectConnection._authenticate,
    "subscribe": DialectConnection._subscribe,
    "unsubscribe": DialectConnection._unsubscribe,
    "presence": DialectConnection._presence,
    "ack": DialectConnection._ack,
    "nack": DialectConnection._nack,
}
