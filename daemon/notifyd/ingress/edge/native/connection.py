"""One connection of the plain JSON protocol: what the edge calls and the hub writes to."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyd.errors import Draining, Invalid, NotifydError
from notifyd.hub.connection import Connection
from notifyd.ingress.edge.marks import Marks
from notifyd.ingress.edge.native.publishing import Turns
from notifyd.ingress.edge.native.requests import ANSWERS
from notifyd.ingress.edge.websocket.link import WebSocketLink
from notifyd.model.disconnect import DRAINED, PROTOCOL_ERROR
from notifyd.wire import native
from notifyd.wire.websocket.frames import text_frame

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from notifyd.ingress.edge.catch_up import CatchUps
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from notifyd.ingress.edge.websocket.socket import WebSocket

FORMAT: Final = "native"

#: What is left of an answer: None when it was given, else to be awaited before the next message is looked at.
Step = Coroutine[Any, Any, None] | None


class NativeConnection(WebSocketLink):
    """`WebSocketHandler` to the edge, `Link` to the hub; `requests` and its neighbours answer what it is asked."""

    __slots__ = ("_errors", "_marks", "_turns", "address", "catch_ups", "connection", "rules", "services")

    format = FORMAT

    def __init__(self, services: NativeServices, rules: NativeRules, address: str) -> None:
        self.services = services
        self.rules = rules
        #: The client's address.
        self.address = address
        #: As the hub knows it.
        self.connection: Connection
        #: What it catches up with; None for who has no inbox.
        self.catch_ups: CatchUps | None = None
        self._errors = 0
        #: Publishes under way, which are answered in their order; None for who never published.
        self._turns: Turns | None = None
        #: None for who was never asked for a proof.
        self._marks: Marks | None = None

    # What the edge calls

    def opened(self, ws: WebSocket) -> None:
        """Greet."""
        self._ws = ws
        try:
            self.connection = self.services.connector.admit(self)
        except Draining:
            # Nothing was registered; `closed` finds a connection that the hub does not know.
            self.connection = Connection(native.NOBODY, self, opened_at=0.0, connected_at=0)
            self.end(DRAINED)
            return
        self.say(native.connected(self.connection.id))

    def text(self, payload: bytes) -> Step:
        """One message of the peer."""
        self.connection.received_at = trio.current_time()
        self.services.counters.frames_received += 1
        try:
            message = native.parse_message(payload)
            if type(message) is native.Publish:
                if self._turns is None:
                    self._turns = Turns(self)
                return self._turns.hand_in(message)
            return self._turns.then(message) if self._turns else self.answer(message)
        except NotifydError as exc:
            if self._turns:
                self._turns.refuse(exc, native.request_id_of(payload))
            else:
                self.refuse(exc, native.request_id_of(payload))
            return None

    def answer(self, message: native.Message) -> Step:
        """Answer one message that is no publish; raises what is wrong with it."""
        return ANSWERS[type(message)](self, message)

    def taken(self) -> Step:
        """Answer what was published."""
        return self._turns.answer() if self._turns else None

    def binary(self, payload: bytes) -> Step:
        """There are no binary messages."""
        self.connection.received_at = trio.current_time()
        self.refuse(Invalid("messages are JSON texts, not binary", code="invalid_message"))
        return None

    def pong(self, payload: bytes) -> None:
        """A sign of life, and the proof of what was written before its ping."""
        self.connection.received_at = trio.current_time()
        for mark in self._marks.answered(payload) if self._marks is not None else ():
            if self.catch_ups is None or not self.catch_ups.proven(mark):
                self.services.inboxes.proven(self.connection, mark)

    def closed(self, code: int, reason: str) -> None:
        """The link is gone."""
        self.services.connector.leave(self.connection)
        self.catch_ups = None
        del self.connection  # they hold us as well: none should wait for the garbage collector

    # What the hub calls

    def ping(self, mark: int = 0) -> None:
        """See `Link.ping`; the mark travels in the payload."""
        if mark and self._marks is None:
            self._marks = Marks()
        self._ws.ping(b"" if self._marks is None else self._marks.ask(mark))

    # What answers are made with

    def say(self, message: bytes) -> None:
        """Write one message."""
        self.put_or_end(text_frame(message))

    def put_or_end(self, frames: bytes) -> None:
        """Write whole frames; whoever does not read what it is sent is ended."""
        if not self._ws.put(frames):
            self.services.subscriber.end_slow(self.connection)

    def refuse(self, problem: NotifydError, request_id: native.RequestId = None) -> None:
        """Tell what is wrong; whoever sends too much that is malformed is closed."""
        self.services.counters.messages_refused += 1
        self.say(native.error(problem.code, problem.told, request_id, retry_after_seconds=problem.retry_after_seconds))
        if isinstance(problem, Invalid):
            self._errors += 1
            if self._errors >= self.rules.max_protocol_errors:
                self.connection.end(PROTOCOL_ERROR)

    def drained(self) -> Awaitable[bool]:
        """Wait until everything written has left; False when the link is dead."""
        return self._ws.outbox.drained()
