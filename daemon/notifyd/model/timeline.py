"""What happens to one notification, as its receipt tells it."""

from __future__ import annotations

import enum

import msgspec

from notifyd.model.ids import UserId


class Happening(enum.Enum):
    """One word for each thing that can happen. The first block is told by the receipt itself and never noted."""

    ACCEPTED = "accepted"
    #: When it was dispatched, or settled otherwise.
    DISPATCHED = "dispatched"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CLEARED = "cleared"

    #: A receiver acked it.
    ACKED = "acked"
    #: A receiver refused it; it is tried again.
    NACKED = "nacked"
    #: No ack came in time; it is tried again.
    ACK_TIMED_OUT = "ack_timed_out"
    #: It was sent again to a receiver.
    REDELIVERED = "redelivered"
    #: It has arrived at a user.
    ARRIVED = "arrived"
    #: A bound of the inbox of a user pushed it out.
    EVICTED = "evicted"
    #: The push provider took it for devices of a user, or refused it for good.
    PUSHED = "pushed"
    PUSH_FAILED = "push_failed"
    #: A try failed and is made again: of a dispatch, a push or a webhook.
    RETRIED = "retried"
    #: Given up; `detail` is the reason.
    DEAD = "dead"
    #: An operator put the dead letter back, or dropped it.
    REQUEUED = "requeued"
    DROPPED = "dropped"


class TimelineEvent(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened. *at* is milliseconds since the Unix epoch."""

    at: int
    happening: Happening
    #: Whom it concerns, "" for no user in particular.
    user_id: UserId = UserId("")
    #: Which receiver: the name of a durable subscription, or a connection; "" for none.
    receiver: str = ""
    #: Which try; 0 where it does not apply.
    attempt: int = 0
    #: A word or a short sentence beside it: a reason, a count. Never a payload, never a secret.
    detail: str = ""
