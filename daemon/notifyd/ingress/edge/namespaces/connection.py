"""One socket of a user: a namespace of a Socket.IO connection to the driver, a link to the hub."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
import trio

from notifyd.errors import Invalid, NotifydError
from notifyd.ingress.edge.catch_up import CatchUps
from notifyd.ingress.edge.namespaces.events import PING, Events
from notifyd.ingress.edge.namespaces.requests import Answer, Encoders, Requests, ending, exception, refusal
from notifyd.ingress.edge.namespaces.sources import JoinSource
from notifyd.model.disconnect import PROTOCOL_ERROR
from notifyd.wire.namespaces.events import NotificationEncoder, Place, notification_event
from notifyd.wire.socketio.packets import polling_event, websocket_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.namespaces.entrance import Resumption, Visitor
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from notifyd.ingress.edge.socketio.api import Ack, Socket, Step
    from notifyd.model.disconnect import Disconnect
    from notifyd.model.publication import Publication
    from notifyd.wire.namespaces.events import EventEncoder

T = TypeVar("T")

log = structlog.get_logger("notifyd.namespaces")

_ON_WEBSOCKET: Final = "socketio"
_ON_POLLING: Final = "socketio-polling"
#: For sockets that do not recover, and could take the text of a place for an argument.
_PLAIN: Final = "-plain"


def by_format(make: Callable[[EventEncoder], T]) -> dict[str, T]:
    """What *make* makes of the encoder of events, for each format of these connections."""
    on_websocket, on_polling = make(websocket_event), make(polling_event)
    return {
        _ON_WEBSOCKET: on_websocket,
        _ON_POLLING: on_polling,
        _ON_WEBSOCKET + _PLAIN: on_websocket,
        _ON_POLLING + _PLAIN: on_polling,
    }


#: The encoders of the hub, by format.
SOCKETIO_ENCODERS: Final[dict[str, Callable[[Publication], bytes]]] = {
    _ON_WEBSOCKET: NotificationEncoder(websocket_event, places=True),
    _ON_POLLING: NotificationEncoder(polling_event, places=True),
    _ON_WEBSOCKET + _PLAIN: NotificationEncoder(websocket_event, places=False),
    _ON_POLLING + _PLAIN: NotificationEncoder(polling_event, places=False),
}


class NamespaceConnection:
    """`NamespaceHandler` to the driver, `Link` to the hub."""

    __slots__ = (
        "_connection",
        "_credentials",
        "_ending",
        "_errors",
        "_events",
        "_resumption",
        "_rules",
        "_services",
        "_socket",
        "_trouble",
        "address",
        "recovers",
    )

    #: The driver does the heartbeats.
    answers = False
    broadcasts = True

    def __init__(self, services: NamespaceServices, rules: NamespaceRules, visitor: Visitor) -> None:
        self._services = services
        self._rules = rules
        #: The client's address.
        self.address = visitor.address
        #: Whether it is given what a stock client needs to recover its state.
        self.recovers = visitor.credentials.recovers
        self._credentials = visitor.credentials
        self._socket: Socket | None = None
        self._connection: Connection | None = None
        self._resumption: Resumption
        self._events: Events[Ack | None]
        self._trouble: NotifydError | None = None
        self._ending: Disconnect | None = None
        self._errors = 0

    def enter(self, connection: Connection, resumption: Resumption, trouble: NotifydError | None = None) -> None:
        """It was let in, and goes on as *resumption* says; *trouble* is what its peer is told at once."""
        self._connection = connection
        requests = Requests(self._services, self._rules, connection)
        catch_ups = CatchUps(connection, self._services.subscriber, self._rules.page_bytes, self.refuse)
        self._events = Events(requests, catch_ups, self)
        self._resumption = resumption
        self._trouble = trouble

    # What the driver calls

    def opened(self, socket: Socket) -> None:
        """Send what it has missed; then it is live."""
        self._socket = socket
        connection, resumption = self._entered(), self._resumption
        connection.transport_changed()
        if self._ending is not None:
            _say_ending(socket, self._ending)
            return
        if self._trouble is not None:
            self._tell("exception", exception(self._trouble))
        if self._credentials.acks:
            self._events.requests.receive_inbox(self._encoders(), max_unacked=self._credentials.max_unacked)
            return
        self._events.catch_ups.begin(
            JoinSource(self._services, connection, resumption.session, resumption.place, self._encode_placed)
        )

    def event(self, name: str, arguments: list[Any], ack: Ack | None) -> Step:
        """One event of the peer."""
        self._services.counters.frames_received += 1
        if name == PING:
            self._ping(arguments, ack)
            return None
        return self._events.answer(name, arguments[0] if arguments else None, ack, self._encoders())

    def heard(self) -> None:
        """A sign of life."""
        if self._connection is not None:
            self._connection.received_at = trio.current_time()

    def proven(self, mark: int) -> None:
        """What was written before the ping with *mark* has arrived."""
        if not self._events.catch_ups.proven(mark):
            self._services.inboxes.proven(self._entered(), mark)

    def transport_changed(self) -> None:
        """From polling to WebSocket."""
        self._entered().transport_changed()

    def closed(self, reason: str) -> None:
        """The socket is over."""
        if self._connection is not None:
            self._services.connector.leave(self._connection)
        # They hold us as well: none should wait for the garbage collector.
        self._connection = self._socket = None
        del self._events

    # What the hub calls

    @property
    def transport(self) -> str:
        """How it is reached now: `socketio` is WebSocket."""
        return "polling" if self._socket is not None and self._socket.transport == "polling" else "socketio"

    @property
    def format(self) -> str:
        """See `Link.format`."""
        polling = self._socket is not None and self._socket.transport == "polling"
        return (_ON_POLLING if polling else _ON_WEBSOCKET) + ("" if self.recovers else _PLAIN)

    @property
    def put(self) -> Callable[[bytes], bool]:
        """See `Link.put`."""
        return _nowhere if self._socket is None else self._socket.put

    def ping(self, mark: int = 0) -> None:
        """With a mark, ask whether what was written has arrived. The driver looks after signs of life by itself."""
        if mark and self._socket is not None:
            self._socket.ping(mark)

    def end(self, disconnect: Disconnect) -> None:
        """Close the transport for who may come back; leave the namespace with a reason for who may not."""
        if self._ending is None:
            self._ending = disconnect
            if self._socket is not None:
                _say_ending(self._socket, disconnect)

    def pending_bytes(self) -> int:
        """What waits in the outbox."""
        return 0 if self._socket is None else self._socket.pending_bytes

    def behind_since(self) -> float | None:
        """See `Link.behind_since`."""
        return None if self._socket is None else self._socket.behind_since

    def sent_bytes(self) -> int:
        """What was written so far."""
        return 0 if self._socket is None else self._socket.sent_bytes

    # Answers

    def _entered(self) -> Connection:
        assert self._connection is not None, "the driver calls between opened and closed"
        return self._connection

    def _tell(self, event: str, *arguments: Any) -> None:
        if self._socket is not None and not self._socket.emit(event, *arguments):
            self._services.subscriber.end_slow(self._entered())

    def reply(self, answer: Answer, event: str, asked: Ack | None) -> None:
        """See `Voice`."""
        if asked is not None:
            asked(answer)
        elif event:
            self._tell(event, answer)

    def refuse(self, problem: NotifydError, asked: Ack | None = None) -> None:
        """See `Voice`."""
        self._services.counters.messages_refused += 1
        if asked is not None:
            asked(refusal(problem))
        else:
            self._tell("exception", exception(problem))
        if isinstance(problem, Invalid):
            self._errors += 1
            if self._errors >= self._rules.max_protocol_errors and self._connection is not None:
                self._connection.end(PROTOCOL_ERROR)

    def _encode_placed(self, publication: Publication, place: Place) -> bytes:
        event = polling_event if self.transport == "polling" else websocket_event
        return notification_event(publication, event, place if self.recovers else None)

    def _encoders(self) -> Encoders:
        return Encoders(self._encode, self._encode_asking)

    def _encode(self, publication: Publication) -> bytes:
        return SOCKETIO_ENCODERS[self.format](publication)

    def _encode_asking(self, publication: Publication) -> bytes:
        if self._socket is None:
            return b""
        event = polling_event if self.transport == "polling" else websocket_event
        ack_id = self._socket.ask(partial(self._answered, publication.notification.id))
        return notification_event(publication, partial(event, ack_id=ack_id), None)

    async def _answered(self, notification_id: str, _arguments: list[Any]) -> None:
        """The peer called the callback of a delivery, which has no answer to look at."""
        try:
            await self._services.acks.ack(self._entered(), [notification_id])
        except NotifydError as exc:
            log.warning("ack_not_kept", notification_id=notification_id, problem=exc.message)

    def _ping(self, arguments: list[Any], ack: Ack | None) -> None:
        if ack is not None:
            ack(*arguments)
        # A stock client would take a text at the end for its place.
        guarded = self.recovers and bool(arguments) and isinstance(arguments[-1], str)
        self._tell("pong", *arguments, *((None,) if guarded else ()))


def _say_ending(socket: Socket, disconnect: Disconnect) -> None:
    if disconnect.reconnect:
        socket.close(disconnect.code, disconnect.reason)
        return
    socket.emit("exception", ending(disconnect))
    # Stock clients stay away after this, and so they should.
    socket.disconnect()


def _nowhere(_data: bytes) -> bool:
    """Before it is opened: what is meant for it is in the history, which it is served from first."""
    return True
