"""What a producer submits, and its place in the queue."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from notifyd.model.ids import ClientId, ConnectionId, NotificationId, UserId

MIN_PRIORITY: Final = 1
MAX_PRIORITY: Final = 10
DEFAULT_PRIORITY: Final = 5


class Kind(enum.Enum):
    """Whom a notification is for."""

    CHANNEL = "channel"
    #: Every authenticated connection of the client; `channel` is a label, without offset or history.
    BROADCAST = "broadcast"
    #: The inboxes of `users` and every connection of theirs, and the `connections` named beside them.
    USERS = "users"
    #: The live `connections` named by id, and nobody else.
    CONNECTIONS = "connections"
    #: The devices of the one user in `users`, on behalf of the notification `parent`. Made by the daemon itself.
    PUSH = "push"
    #: The webhook named in `channel`; `data` is the event, `parent` the notification that it tells of, if any. Made by
    #: the daemon itself.
    WEBHOOK = "webhook"


class State(enum.Enum):
    """Where a notification is in its life. Only WAITING may still change to another state."""

    #: Accepted and in the queue: scheduled for later, ready, or leased by a dispatcher.
    WAITING = "waiting"
    #: Handed to every connection that was there for it and, for a channel, kept in the history.
    DISPATCHED = "dispatched"
    #: Its time ran out before it was dispatched; it was never delivered.
    EXPIRED = "expired"
    #: Withdrawn by its producer or an operator before its time.
    CANCELLED = "cancelled"
    #: Removed by an operator who cleared the queue.
    CLEARED = "cleared"
    #: Given up after the last attempt.
    DEAD = "dead"


class Notification(msgspec.Struct, frozen=True, gc=False):
    """One accepted notification. All instants are whole milliseconds since the Unix epoch."""

    id: NotificationId
    client_id: ClientId
    kind: Kind
    #: The channel, or the label of a broadcast ("" for none).
    channel: str
    #: One JSON value in UTF-8 without line breaks outside strings, checked when it was accepted.
    data: bytes
    #: A JSON object like *data*, or b"" when there is none.
    metadata: bytes
    #: 1 to 10, higher is more urgent.
    priority: int
    accepted_at: int
    #: When it may be dispatched first: `accepted_at`, or later when it is scheduled.
    due_at: int
    #: From this instant on it is never delivered.
    expires_at: int
    #: Smaller goes first; equal keys go in the order of acceptance. See policy.publishing.order.
    order_key: int
    #: Which credential submitted it: a key id, or the name of an interface for operators.
    submitted_by: str = ""
    #: Without duplicates, in the order given.
    users: tuple[UserId, ...] = ()
    connections: tuple[ConnectionId, ...] = ()
    #: Of a PUSH, the notification that it carries; of a WEBHOOK, the one that it tells of.
    parent: NotificationId = NotificationId("")
    #: Of the request that handed it in, to find it in the log by; "" where it had none.
    request_id: str = ""

    def size(self) -> int:
        """What this notification counts against bounds in bytes."""
        size = len(self.data) + len(self.metadata) + len(self.channel) + len(self.request_id) + 200
        if self.users or self.connections:
            size += sum(map(len, self.users)) + sum(map(len, self.connections))
        return size

    def log_fields(self) -> dict[str, str]:
        """What a log record names it by."""
        named = {"notification_id": str(self.parent or self.id)}
        return named | {"request_id": self.request_id} if self.request_id else named

    @property
    def stream(self) -> str:
        """The stream of the client that it gets a place in: its channel, or "" for all that has no channel."""
        return self.channel if self.kind is Kind.CHANNEL else ""

    def expired(self, now: int) -> bool:
        """Whether it is too late to deliver at *now* (milliseconds)."""
        return now >= self.expires_at
