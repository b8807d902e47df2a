"""One notification in the queue, with what changes about it while it is there."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from notifyd.model.notification import Kind, Notification, State
from notifyd.model.receipt import Receipt

if TYPE_CHECKING:
    from notifyd.store.batch import OutcomeRow


class Place(enum.Enum):
    """Where in the queue an entry is."""

    #: On its way to the journal; not in the queue yet.
    ARRIVING = 1
    #: Due later.
    SCHEDULED = 2
    #: Due.
    READY = 3
    #: Held by a dispatcher.
    LEASED = 4
    #: Cancelled or cleared, and the journal is about to say so.
    LEAVING = 5
    #: Settled, withdrawn or never accepted.
    GONE = 6


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """The place in a channel that a notification has got."""

    channel_id: int
    epoch: str
    offset: int


class Entry:
    """A notification from its acceptance to its outcome."""

    __slots__ = ("attempts", "due_at", "notification", "place", "seq", "size", "stamp", "token", "wakes_at")

    def __init__(self, seq: int, notification: Notification) -> None:
        self.seq = seq
        self.notification = notification
        self.size = notification.size()
        self.due_at = notification.due_at
        #: Tries that failed. Kept in memory alone: after a crash the count starts anew.
        self.attempts = 0
        self.place = Place.ARRIVING
        #: Of the lease that holds it, 0 for none.
        self.token = 0
        self.stamp: Stamp | None = None
        #: While it is scheduled, when it comes up.
        self.wakes_at = 0

    def receipt(self, state: State = State.WAITING, *, settled_at: int = 0, delivered: int = 0) -> Receipt:
        """What is to be told about it."""
        notification = self.notification
        stamp = self.stamp
        return Receipt(
            notification.id,
            notification.client_id,
            notification.kind,
            notification.channel,
            notification.priority,
            state,
            notification.accepted_at,
            self.due_at,
            notification.expires_at,
            settled_at,
            self.attempts,
            delivered,
            "" if stamp is None else stamp.epoch,
            0 if stamp is None else stamp.offset,
        )

    def outcome(self, state: State, *, settled_at: int, delivered: int = 0) -> OutcomeRow:
        """What the journal keeps of how it ended."""
        stamp = self.stamp
        if stamp is None:
            return (self.seq, state.value, settled_at, None, 0, delivered, self.attempts)
        return (self.seq, state.value, settled_at, stamp.channel_id, stamp.offset, delivered, self.attempts)

    def for_channel(self) -> bool:
        """Whether it gets a place in a channel's history."""
        return self.notification.kind is Kind.CHANNEL
