"""What an event stream delivers: a channel or an inbox, with acks or without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from notifyd.ingress.edge.replay import Writer, receive_and_replay, subscribe_and_replay
from notifyd.model.position import StreamPosition
from notifyd.service.receiving.inbox import user_of
from notifyd.wire.http.sse import Beginning, notification_body, notification_event, subscribed_event, with_id
from notifyd.wire.recent import RecentFrames

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.principal import Principal
    from notifyd.model.publication import Publication
    from notifyd.service.acks import Acks, AckWish, Opened
    from notifyd.service.receiving.inbox import Inboxes
    from notifyd.service.receiving.subscribe import Subscriber, Subscription


class Pace(Struct, frozen=True):
    """How fast a replay is written."""

    #: Waits until everything written has left; False when the link is dead.
    drained: Callable[[], Awaitable[bool]]
    #: Bytes that may be written before waiting for the reader.
    page_bytes: int


#: Writes the first event, then what was missed, and goes live.
Begin = Callable[[Pace], Awaitable[None]]


class Feed(Protocol):
    """What one stream was asked for."""

    def check(self, principal: Principal) -> None:
        """Pass where the credential may have it.

        Raises:
            Invalid, Denied: it may not, or there can be no such thing.
        """
        ...

    def open(self, connection: Connection) -> Begin:
        """Make ready; nothing is delivered before the answer is called.

        Raises:
            Invalid, Denied, Exhausted: it cannot be.
        """
        ...


class ChannelFeed:
    """A channel."""

    def __init__(self, subscriber: Subscriber, channel: str, since: StreamPosition | None) -> None:
        self._subscriber = subscriber
        self._channel = channel
        self._since = since

    def check(self, principal: Principal) -> None:
        """See `Feed.check`."""
        self._subscriber.allow(principal, self._channel)

    def open(self, connection: Connection) -> Begin:
        """See `Feed.open`."""
        return partial(self._begin, connection)

    async def _begin(self, connection: Connection, pace: Pace) -> None:
        writer = Writer(notification_event, _announce(connection), pace.drained, pace.page_bytes)
        await subscribe_and_replay(self._subscriber, connection, self._channel, self._since, writer)


class InboxFeed:
    """The inbox of a user. Nothing tells that an event has arrived, so that the cursor stays where it is."""

    def __init__(self, subscriber: Subscriber, inboxes: Inboxes, since: StreamPosition | None) -> None:
        self._subscriber = subscriber
        self._inboxes = inboxes
        self._since = since

    def check(self, principal: Principal) -> None:
        """See `Feed.check`."""
        user_of(principal)

    def open(self, connection: Connection) -> Begin:
        """See `Feed.open`."""
        return partial(self._begin, connection)

    async def _begin(self, connection: Connection, pace: Pace) -> None:
        writer = Writer(notification_event, _announce(connection), pace.drained, pace.page_bytes)
        await receive_and_replay(self._inboxes, self._subscriber, connection, self._since, writer)


class AckedChannelFeed:
    """A channel with acks, which come by REST."""

    def __init__(self, acks: Acks, subscriber: Subscriber, channel: str, wish: AckWish) -> None:
        self._acks = acks
        self._subscriber = subscriber
        self._channel = channel
        self._wish = wish

    def check(self, principal: Principal) -> None:
        """See `Feed.check`."""
        self._subscriber.allow(principal, self._channel)

    def open(self, connection: Connection) -> Begin:
        """See `Feed.open`."""
        return _opened(connection, partial(self._acks.subscribe, connection, self._channel, self._wish))


class AckedInboxFeed:
    """The inbox of a user with acks, which come by REST."""

    def __init__(self, acks: Acks, since: StreamPosition | None) -> None:
        self._acks = acks
        self._since = since

    def check(self, principal: Principal) -> None:
        """See `Feed.check`."""
        user_of(principal)

    def open(self, connection: Connection) -> Begin:
        """See `Feed.open`."""
        return _opened(connection, partial(self._acks.open_inbox, connection, self._since))


def _announce(connection: Connection) -> Callable[[Subscription], bytes]:
    def announce(found: Subscription) -> bytes:
        first = found.replay[0].position if found.replay else None
        # Who loses the link before the replay came through must come back for it.
        resumes = None if first is None else StreamPosition(first.epoch, first.offset - 1)
        return subscribed_event(Beginning(connection.id, found.position, found.recovered, resumes))

    return announce


def _opened(connection: Connection, open_: Callable[[Callable[[Publication], bytes]], Opened]) -> Begin:
    def encode(publication: Publication) -> bytes:
        # Browsers come back with the id that they saw last: it has to be one behind which all is acked.
        return with_id(opened.settled(), _event(publication))

    opened = open_(encode)

    async def begin(pace: Pace) -> None:
        first = Beginning(
            connection.id, opened.position, opened.recovered, opened.settled(), ack_seconds=opened.ack_seconds
        )
        connection.put(subscribed_event(first))
        opened.start()

    return begin


_event: Final = RecentFrames(notification_body)
