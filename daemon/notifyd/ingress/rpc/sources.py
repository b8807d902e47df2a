"""What a feed can be subscribed to: channels, the user's own inbox, and for operators the inbox of any user."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from notifyd.errors import Exhausted, Invalid
from notifyd.ingress.rpc.feed import AckedOpening, Opening
from notifyd.service.acks import AckWish
from notifyd.wire.rpc.messages import listen_frame, position_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from notifyd.hub.connection import Connection
    from notifyd.ingress.rpc.feed import FeedServices
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.service.receiving.subscribe import Subscriber, Subscription
    from notifyd.store.ports import Attendance
    from notifyd.v1 import types_pb2

    class ChannelWish(Protocol):
        """A channel and a position, as either contract spells it."""

        channel: str
        since: types_pb2.StreamPosition

        def HasField(self, name: str) -> bool:  # noqa: N802 - protobuf names it so
            """Whether *name* is set."""
            ...


_WATCH_SECONDS: Final = 0.2


class ChannelSource:
    """One channel."""

    def __init__(self, services: FeedServices, connection: Connection, channel: str) -> None:
        self.channel = channel
        self._subscriber = services.subscriber
        self._attending = services.attending
        self._connection = connection

    def attend(self) -> Attendance | None:
        """See `Source`."""
        return self._attending.channel(self._connection.principal, self.channel)

    def look(self, since: StreamPosition | None) -> Subscription:
        """See `Source`."""
        return self._subscriber.check(self._connection, self.channel, since)

    def go_live(self, position: StreamPosition) -> None:
        """See `Source`."""
        self._subscriber.go_live(self._connection, self.channel, position)


class InboxSource:
    """The inbox of the user whose connection it is."""

    channel: str = ""

    def __init__(self, services: FeedServices, connection: Connection) -> None:
        self._inboxes = services.inboxes
        self._attending = services.attending
        self._connection = connection
        self._begun = False

    def attend(self) -> Attendance | None:
        """See `Source`."""
        return self._attending.principal(self._connection.principal)

    def look(self, since: StreamPosition | None) -> Subscription:
        """See `Source`; without a position it begins at the cursor."""
        if not self._begun:
            found = self._inboxes.check(self._connection, since)
            self._begun = True
            return found
        # a part of a long replay was written, which does not prove that it has arrived: the cursor stays
        principal = self._connection.principal
        assert principal is not None, "checked when it began"
        return self._inboxes.look(principal.client_id, principal.user_id, since)

    def go_live(self, position: StreamPosition) -> None:
        """See `Source`."""
        self._inboxes.go_live(self._connection, position)


class WatchedInbox:
    """The inbox of any user, for who must not count as a connection of that user.

    The hub would take such a connection for the user's: what it is sent would count as delivered, and nothing would be
    pushed to the user's devices.
    """

    channel: str = ""
    pause_seconds: float = _WATCH_SECONDS

    def __init__(self, services: FeedServices, client_id: ClientId, user_id: UserId) -> None:
        self._inboxes = services.inboxes
        self._attending = services.attending
        self._client_id = client_id
        self._user_id = user_id
        self._seen: StreamPosition | None = None

    def attend(self) -> Attendance | None:
        """See `Source`."""
        return self._attending.inbox(self._client_id, self._user_id)

    def look(self, since: StreamPosition | None) -> Subscription:
        """See `Source`; without a position it begins at the cursor, which stays where it is."""
        return self._inboxes.look(self._client_id, self._user_id, since)

    def go_live(self, position: StreamPosition) -> None:
        """See `Source`."""
        self._seen = position

    def news(self) -> Sequence[Publication]:
        """See `Watched`."""
        found = self.look(self._seen)
        self._seen = found.position
        return found.replay


def channel_opening(
    services: FeedServices, connection: Connection, wish: ChannelWish, *, ack: bool, durable: str, max_unacked: int = 0
) -> Opening | AckedOpening:
    """One channel of a request, with acks or without.

    Raises:
        Invalid: a durable name without acks.
    """
    channel, since = wish.channel, position_of(wish.since) if wish.HasField("since") else None
    if ack:
        wanted = AckWish(since, durable, max_unacked)
        return AckedOpening(
            channel,
            partial(services.acks.subscribe, connection, channel, wanted, listen_frame),
            lambda: services.attending.channel(connection.principal, channel, durable),
        )
    if durable:
        raise Invalid("durable goes with ack", code="invalid_durable")
    return Opening(ChannelSource(services, connection, channel), since)


def check_channels(wishes: Sequence[ChannelWish], subscriber: Subscriber) -> None:
    """Pass when so many channels may be asked for on one stream, each once.

    Raises:
        Exhausted: there are too many.
        Invalid: one is named twice.
    """
    most = subscriber.rules.max_subscriptions
    if len(wishes) > most:
        raise Exhausted(f"at most {most} channels can be subscribed to at once", code="too_many_subscriptions")
    if len({wish.channel for wish in wishes}) < len(wishes):
        raise Invalid("a channel is named twice", code="invalid_channel")
