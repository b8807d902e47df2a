"""What became of one notification."""

from __future__ import annotations

import enum

import msgspec

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.model.timeline import TimelineEvent


class InboxState(enum.Enum):
    """Where a notification is in the inbox of one user."""

    #: Kept, and not proven to have arrived.
    STORED = "stored"
    #: A connection of the user has proven that it arrived, or acked it.
    DELIVERED = "delivered"
    #: Pushed out by a bound of the inbox before it arrived.
    EVICTED = "evicted"
    #: Its time ran out before it arrived.
    EXPIRED = "expired"
    #: No connection of the user acked it before the tries ran out.
    DEAD = "dead"


class UserReceipt(msgspec.Struct, frozen=True, gc=False):
    """What became of a notification for one of its users."""

    user_id: UserId
    state: InboxState
    #: Its place in the inbox.
    offset: int
    #: Connections whose outbox took it at dispatch.
    connections: int = 0
    #: Devices that the push provider took it for, and for which it refused it for good.
    pushed: int = 0
    failed: int = 0
    #: Why the push failed last, "" for not.
    reason: str = ""


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The state and the counts of one notification, as its producer and an operator may see them.

    Instants are milliseconds since the Unix epoch; 0 means "not yet".
    """

    id: NotificationId
    client_id: ClientId
    kind: Kind
    channel: str
    priority: int
    state: State
    accepted_at: int
    due_at: int
    expires_at: int
    settled_at: int = 0
    #: Tries that ended in a failure so far.
    attempts: int = 0
    #: Connections whose outbox took it at dispatch. A later replay by position is not counted.
    delivered: int = 0
    #: Its place in the channel; "" and 0 while it has none.
    epoch: str = ""
    offset: int = 0
    #: Why it is DEAD, "" otherwise.
    reason: str = ""
    #: One for each user of a notification to users.
    users: tuple[UserReceipt, ...] = ()
    #: The credential within the client that submitted it, see `Principal.credential`; no receipt tells it to anybody.
    submitted_by: str = ""
    #: Acks, each receiver counted once: subscriptions with acks. What has arrived at users is told by `arrived`.
    acked: int = 0
    #: What happened to it, in order; bounded, so that its middle may be missing.
    timeline: tuple[TimelineEvent, ...] = ()
    #: Of the request that handed it in; "" where it had none.
    request_id: str = ""

    @property
    def position(self) -> StreamPosition | None:
        """Its place in its channel; what has none has its place in the client's own stream, which nobody is told."""
        return StreamPosition(self.epoch, self.offset) if self.offset and self.kind is Kind.CHANNEL else None

    @property
    def stored(self) -> int:
        """Users in whose inbox it waits."""
        return sum(row.state is InboxState.STORED for row in self.users)

    @property
    def arrived(self) -> int:
        """Users whom it has reached."""
        return sum(row.state is InboxState.DELIVERED for row in self.users)

    @property
    def pushed(self) -> int:
        """Devices that the push provider took it for."""
        return sum(row.pushed for row in self.users)

    @property
    def failed(self) -> int:
        """Devices for which it was given up."""
        return sum(row.failed for row in self.users)
