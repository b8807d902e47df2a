"""What sockets catch up with: a client's own stream together with the inbox, and channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms
from notifyd.ingress.edge.catch_up import Gap
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.wire.namespaces.events import Place

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.namespaces.services import NamespaceServices
    from notifyd.policy.receiving.recovery import Session

#: The name of a client's own stream.
OWN: Final = ""

#: A publication as one socket receives it, which has come to that place with it.
PlacedEncoder = Callable[[Publication, Place], bytes]


class JoinSource:
    """What a socket has missed since a place; a `Source`, after which it is live.

    A place without an inbox is that of a socket that was live: everything comes from the client's own stream, and from
    the inbox only what has come there alone as yet. Before that, what is for the user comes from the inbox, where it
    may have waited for longer than any socket lives.
    """

    channel: None = None

    def __init__(
        self,
        services: NamespaceServices,
        connection: Connection,
        session: Session,
        place: Place,
        encode: PlacedEncoder,
    ) -> None:
        self._services = services
        self._connection = connection
        self._session = session
        self._stream = place.stream
        self._inbox = place.inbox
        #: Where both stood when they were read last.
        self._ends = (place.stream, place.inbox)
        self._encode = encode

    def missing(self) -> list[Publication]:
        """See `Source.missing`."""
        self._stream, self._inbox = self._ends
        session = self._session
        stream = self._services.history.since(session.client_id, OWN, self._stream, now=now_ms())
        if not stream.recovered:
            raise Gap
        mine = [each for each in stream.publications if session.concerns(each.notification)]
        if self._inbox is None:
            return mine + self._ahead(stream.position)
        inbox = self._services.inboxes.look(session.client_id, session.user_id, self._inbox)
        if not inbox.recovered:
            raise Gap
        self._ends = (stream.position, inbox.position)
        others = [each for each in mine if session.user_id not in each.notification.users]
        return _merged(inbox.replay, others)

    def _ahead(self, end: StreamPosition) -> list[Publication]:
        """What the inbox has and the client's own stream, read up to *end*, has not: another node may tell of it later.

        From here on what is for the user comes from the inbox.
        """
        session = self._session
        inbox = self._services.inboxes.look(session.client_id, session.user_id)
        self._ends = (end, inbox.position)
        return [each for each in inbox.replay if each.epoch == end.epoch and each.offset > end.offset]

    def encode(self, publication: Publication) -> bytes:
        """See `Source.encode`."""
        if publication.inbox is not None:
            self._inbox = publication.inbox
        else:
            self._stream = StreamPosition(publication.epoch, publication.offset)
        return self._encode(publication, Place(self._stream, self._inbox))

    def arrived(self) -> None:
        """See `Source.arrived`."""
        principal = self._connection.principal
        if principal is not None and self._inbox is not None:
            self._services.inboxes.advance(principal, self._inbox)

    def go_live(self) -> None:
        """See `Source.go_live`."""
        services, connection = self._services, self._connection
        stream, self._inbox = self._ends
        assert self._inbox is not None, "both were read"
        services.connector.join(connection, offset=stream.offset)
        services.inboxes.go_live(connection, self._inbox)

    def written(self) -> None:
        """See `Source.written`."""
        # What was sent before a recovery may not be proven yet: it is asked even where nothing was missed.
        if self._inbox is not None and self._inbox.offset:
            self._services.inboxes.wrote(self._connection, self._inbox)


def _merged(inbox: list[Publication], others: list[Publication]) -> list[Publication]:
    """Both in their own order, and as far as places in the client's stream tell, in the order of dispatch."""
    merged: list[Publication] = []
    left = iter(others)
    other = next(left, None)
    for publication in inbox:
        while other is not None and other.epoch == publication.epoch and other.offset < publication.offset:
            merged.append(other)
            other = next(left, None)
        merged.append(publication)
    if other is not None:
        merged += (other, *left)
    return merged


class ChannelSource:
    """What a socket has missed of a channel; a `Source`, after which it is subscribed."""

    def __init__(
        self,
        services: NamespaceServices,
        connection: Connection,
        channel: str,
        position: StreamPosition,
        encode: Callable[[Publication], bytes],
    ) -> None:
        """*position* is what the peer has everything up to; it can be continued at this moment."""
        self.channel = channel
        self._subscriber = services.subscriber
        self._connection = connection
        #: Up to where the peer was served. What follows is read when its turn comes, and not held until then.
        self._position = position
        self._encode = encode

    def missing(self) -> list[Publication]:
        """See `Source.missing`."""
        found = self._subscriber.check(self._connection, self.channel, self._position)
        if not found.recovered:
            raise Gap
        if found.replay:
            # One that was subscribed already must not be sent what is live in between: offsets rise.
            self._subscriber.unsubscribe(self._connection, self.channel)
        else:
            self._position = found.position
        return found.replay

    def encode(self, publication: Publication) -> bytes:
        """See `Source.encode`."""
        self._position = StreamPosition(publication.epoch, publication.offset)
        return self._encode(publication)

    def arrived(self) -> None:
        """See `Source.arrived`."""

    def go_live(self) -> None:
        """See `Source.go_live`."""
        self._subscriber.go_live(self._connection, self.channel, self._position)

    def written(self) -> None:
        """See `Source.written`."""
