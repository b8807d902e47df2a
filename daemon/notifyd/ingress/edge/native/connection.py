"""The plain JSON protocol over WebSocket: one object per connection, which the edge calls and the hub writes to."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.errors import Denied, Draining, Invalid, NotAuthenticated, NotifydError
from notifyd.hub.connection import Connection
from notifyd.ingress.edge.catch_up import CatchUps
from notifyd.ingress.edge.inbox_source import InboxSource
from notifyd.ingress.edge.marks import Marks
from notifyd.ingress.edge.replay import Writer, subscribe_and_replay
from notifyd.ingress.edge.websocket.link import WebSocketLink
from notifyd.model.command import Publish as PublishCommand
from notifyd.model.disconnect import (
    CREDENTIAL_ENDED,
    DRAINED,
    PROTOCOL_ERROR,
    TOKEN_ENDED,
    TOO_MANY_CONNECTIONS,
    WRONG_CREDENTIAL,
    Disconnect,
)
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.service.connect import TooManyConnections
from notifyd.wire import native
from notifyd.wire.websocket import text_frame

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from notifyd.ingress.edge.websocket.socket import WebSocket
    from notifyd.model.position import StreamPosition
    from notifyd.model.principal import Principal
    from notifyd.service.subscribe import Subscription

FORMAT: Final = "native"

Step = Coroutine[Any, Any, None] | None


class NativeConnection(WebSocketLink):
    """One connection: `WebSocketHandler` to the edge, `Link` to the hub."""

    __slots__ = ("_catch_ups", "_connection", "_errors", "_marks", "_rules", "_services", "address")

    format = FORMAT

    def __init__(self, services: NativeServices, rules: NativeRules, address: str) -> None:
        self._services = services
        self._rules = rules
        #: The client's address.
        self.address = address
        self._errors = 0
        #: None for who has no inbox.
        self._marks: Marks | None = None
        self._catch_ups: CatchUps | None = None
        self._connection: Connection

    # What the edge calls

    def opened(self, ws: WebSocket) -> None:
        """Greet."""
        self._ws = ws
        try:
            self._connection = self._services.connector.admit(self)
        except Draining:
            # Nothing was registered; `closed` finds a connection that the hub does not know.
            self._connection = Connection(native.NOBODY, self, opened_at=0.0, connected_at=0)
            self.end(DRAINED)
            return
        self._say(native.connected(self._connection.id))

    def text(self, payload: bytes) -> Step:
        """One message of the peer."""
        self._connection.received_at = trio.current_time()
        self._services.counters.frames_received += 1
        try:
            message = native.parse_message(payload)
            return _ANSWERS[type(message)](self, message)
        except NotifydError as exc:
            self._refuse(exc, native.request_id_of(payload))
            return None

    def binary(self, payload: bytes) -> Step:
        """There are no binary messages."""
        self._connection.received_at = trio.current_time()
        self._refuse(Invalid("messages are JSON texts, not binary", code="invalid_message"), None)
        return None

    def pong(self, payload: bytes) -> None:
        """A sign of life, and the proof of what was written before its ping."""
        self._connection.received_at = trio.current_time()
        for mark in self._marks.answered(payload) if self._marks is not None else ():
            if self._catch_ups is None or not self._catch_ups.proven(mark):
                self._services.inboxes.proven(self._connection, mark)

    def closed(self, code: int, reason: str) -> None:
        """The link is gone."""
        self._services.connector.leave(self._connection)
        self._catch_ups = None
        del self._connection  # they hold us as well: none should wait for the garbage collector

    # What the hub calls

    def ping(self, mark: int = 0) -> None:
        """See `Link.ping`; the mark travels in the payload."""
        if mark and self._marks is None:
            self._marks = Marks()
        self._ws.ping(b"" if self._marks is None else self._marks.ask(mark))

    # Answers

    def _say(self, message: bytes) -> None:
        if not self._ws.put(text_frame(message)):
            self._services.subscriber.end_slow(self._connection)

    def _refuse(self, problem: NotifydError, request_id: native.RequestId = None) -> None:
        self._services.counters.messages_refused += 1
        self._say(
            native.error(problem.code, problem.message, request_id, retry_after_seconds=problem.retry_after_seconds)
        )
        if isinstance(problem, Invalid):
            self._errors += 1
            if self._errors >= self._rules.max_protocol_errors:
                self._connection.end(PROTOCOL_ERROR)

    def _authenticate(self, message: native.Authenticate) -> Step:
        fresh = self._connection.principal is None
        try:
            principal = self._principal(message)
            if not fresh and message.since is not None:
                raise Invalid("since goes with the first authenticate of a connection", code="invalid_message")
            lost = self._services.connector.enter(self._connection, principal)
        except (NotAuthenticated, Denied, TooManyConnections) as exc:
            self._refuse(exc, message.request_id)
            self._connection.end(_ending(exc))
            return None
        if not principal.user_id:
            self._say(native.authenticated(message.request_id, lost))
        elif fresh:
            self._serve_inbox(principal, message)
        else:
            self._say(native.authenticated(message.request_id, lost, user=_user(principal)))
        return None

    def _principal(self, message: native.Authenticate) -> Principal:
        connector = self._services.connector
        if message.token is None:
            return connector.principal(_api_key(message), self.address)
        if message.api_key is not None:
            raise Invalid("send apiKey or token, not both", code="invalid_message")
        return connector.token_principal(message.token)

    def _serve_inbox(self, principal: Principal, message: native.Authenticate) -> None:
        since = None if message.since is None else message.since.position()
        found = self._services.inboxes.check(self._connection, since)
        state = native.InboxState(found.position, found.recovered, len(found.replay), found.skipped)
        self._say(native.authenticated(message.request_id, user=_user(principal), inbox=state))
        self._catch_ups = CatchUps(self._connection, self._services.subscriber, self._rules.page_bytes, self._refuse)
        self._catch_ups.begin(InboxSource(self._services.inboxes, self._connection, found, native.notification_frame))

    def _subscribe(self, message: native.Subscribe) -> Step:
        if message.ack:
            raise Invalid("subscriptions with ack are not available in this version", code="not_supported")
        if message.since is None:
            subscription = self._services.subscriber.check(self._connection, message.channel)
            self._services.subscriber.go_live(self._connection, message.channel, subscription.position)
            self._say(native.subscribed(message.channel, subscription.position, message.request_id))
            return None
        return self._resume(message, message.since.position())

    async def _resume(self, message: native.Subscribe, since: StreamPosition) -> None:
        def announce(subscription: Subscription) -> bytes:
            return text_frame(
                native.subscribed(
                    message.channel,
                    subscription.position,
                    message.request_id,
                    recovered=subscription.recovered,
                    replayed=len(subscription.replay),
                    skipped=subscription.skipped,
                )
            )

        writer = Writer(native.notification_frame, announce, self._ws.outbox.drained, self._rules.page_bytes)
        try:
            await subscribe_and_replay(self._services.subscriber, self._connection, message.channel, since, writer)
        except NotifydError as exc:
            self._refuse(exc, message.request_id)

    def _unsubscribe(self, message: native.Unsubscribe) -> Step:
        self._services.subscriber.unsubscribe(self._connection, message.channel)
        self._say(native.unsubscribed(message.channel, message.request_id))
        return None

    def _ping(self, message: native.Ping) -> Step:
        self._say(native.pong(message.request_id))
        return None

    def _publish(self, message: native.Publish) -> Step:
        try:
            principal = self._producer()
        except NotifydError:
            self._services.publisher.refused()
            raise
        return self._hand_in(message, principal)

    def _producer(self) -> Principal:
        principal = self._connection.principal
        if principal is None:
            raise NotAuthenticated("authenticate first", code="not_authenticated")
        self._services.limiter.check(principal.subject)
        return principal

    async def _hand_in(self, message: native.Publish, principal: Principal) -> None:
        command = PublishCommand(
            kind=Kind.CHANNEL,
            channel=message.channel,
            data=bytes(message.data),
            metadata=bytes(message.metadata or b""),
            priority=DEFAULT_PRIORITY if message.priority is None else message.priority,
        )
        try:
            accepted = await self._services.publisher.submit(principal, command).result()
        except NotifydError as exc:
            self._refuse(exc, message.request_id)
            return
        self._say(native.published(accepted.id, self._services.durability, message.request_id))

    def _ack(self, message: native.Ack) -> Step:
        self._services.inboxes.ack(self._connection, message.id)
        self._say(native.acked(message.id, message.request_id))
        return None


def _user(principal: Principal) -> native.User:
    return native.User(principal.user_id, principal.expires_at)


def _api_key(message: native.Authenticate) -> str:
    if message.api_key is None:
        raise NotAuthenticated("send the API key as apiKey, or a user's token as token", code="invalid_api_key")
    return message.api_key


def _ending(problem: NotifydError) -> Disconnect:
    if isinstance(problem, TooManyConnections):
        return TOO_MANY_CONNECTIONS
    return _ENDED.get(problem.code, WRONG_CREDENTIAL)


_ENDED: Final = {"api_key_expired": CREDENTIAL_ENDED, "token_expired": TOKEN_ENDED}

_ANSWERS: Final[dict[type, Callable[[NativeConnection, Any], Step]]] = {
    native.Authenticate: NativeConnection._authenticate,
    native.Subscribe: NativeConnection._subscribe,
    native.Unsubscribe: NativeConnection._unsubscribe,
    native.Ping: NativeConnection._ping,
    native.Publish: NativeConnection._publish,
    native.Ack: NativeConnection._ack,
}
