"""What the REST interface tells of one notification, as the bodies in `wire.rest.bodies`."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from notifyd.wire.rest.bodies import Position, Timestamp


class UserReceiptView(Struct, frozen=True, rename="camel"):
    """What became of a notification for one of its users."""

    user_id: str
    state: Literal["stored", "delivered", "evicted", "expired", "dead"]
    #: Its place in the user's inbox.
    offset: int
    #: Connections of the user that took it when it was dispatched.
    connections: int
    #: Devices that the push provider took it for, and for which it refused it for good.
    pushed: int
    failed: int
    #: Why the push failed last, null for not.
    reason: str | None


class TimelineEventView(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that happened to a notification."""

    at: Timestamp
    #: accepted, dispatched, acked, redelivered, arrived, dead and others.
    event: str
    #: Whom it concerns.
    user_id: str = ""
    #: The name of a durable subscription or of a webhook, or a connection.
    receiver: str = ""
    #: Which try.
    attempt: int = 0
    #: A reason or a count.
    detail: str = ""


class WaitView(Struct, frozen=True):
    """How a wait ended."""

    #: failed: it cannot come true any more.
    verdict: Literal["done", "failed", "timed_out"]
    #: Acks that are there, and that were waited for.
    acked: int
    wanted: int


class ReceiptView(Struct, frozen=True, rename="camel"):
    """What became of a notification."""

    id: str
    client_id: str
    kind: Literal["channel", "broadcast", "users", "connections", "push", "webhook"]
    channel: str | None
    priority: int
    state: Literal["waiting", "dispatched", "expired", "cancelled", "cleared", "dead"]
    accepted_at: Timestamp
    due_at: Timestamp
    expires_at: Timestamp
    settled_at: Timestamp | None
    attempts: int
    #: Connections that took it when it was dispatched.
    delivered: int
    #: Acks of subscriptions, and users with whom it has arrived, as an ack or a later sign of life has proven.
    acked: int
    #: Users in whose inbox it waits.
    stored: int
    #: Devices that the push provider took it for, and for which it refused it for good.
    pushed: int
    failed: int
    position: Position | None
    #: Why it is dead, null otherwise.
    reason: str | None
    #: One row for each user of a notification to users.
    users: list[UserReceiptView]
    #: What happened to it, in order.
    timeline: list[TimelineEventView]
    #: Of the request that handed it in, as its answer and the log name it; null where it had none.
    request_id: str | None


class NotificationAnswer(Struct, frozen=True, kw_only=True):
    """One notification."""

    success: Literal[True] = True
    notification: ReceiptView
    #: Only where it was waited for.
    wait: WaitView | UnsetType = UNSET
