"""One notification in the queue, with what changes about it while it is there."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.notification import Kind, Notification, State
from notifyd.model.publication import Publication
from notifyd.model.receipt import Receipt
from notifyd.store.memory.user_inbox import InboxItem

if TYPE_CHECKING:
    from notifyd.store.batch import OutcomeRow


#: Bound here because to look a member up in its enum takes longer than most of what is done with it.
_CHANNEL: Final = Kind.CHANNEL
_PUSH: Final = Kind.PUSH
_WEBHOOK: Final = Kind.WEBHOOK

#: Before any order key.
_FIRST: Final = -(1 << 62)


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


class Entry(msgspec.Struct, gc=False, eq=False):
    """A notification from its acceptance to its outcome."""

    seq: int
    notification: Notification
    #: What it counts against bounds in bytes.
    size: int
    due_at: int
    #: Tries that failed. Kept in memory alone: after a crash the count starts anew.
    attempts: int = 0
    place: Place = Place.ARRIVING
    #: Of the lease that holds it, 0 for none.
    token: int = 0
    #: While it is scheduled, when it comes up.
    wakes_at: int = 0
    #: Once it was stamped, with its place in its stream and the number of that stream among the channels.
    publication: Publication | None = None
    channel_id: int | None = None
    #: Its number among all that were stamped.
    stamped_as: int = 0
    #: The journal says that it waits though it was stamped: it was in the queue when the daemon stopped, or it is for
    #: live connections or phones too, and has to be dispatched again after a crash.
    said_to_wait: bool = False
    #: Of one for users, its places in their inboxes.
    items: Sequence[InboxItem] = ()

    @classmethod
    def of(cls, seq: int, notification: Notification) -> Entry:
        """A new entry."""
        return cls(seq, notification, notification.size(), notification.due_at)

    def rank(self) -> tuple[int, int]:
        """Its place among those that are due: what was stamped goes first, so that offsets are dispatched in order."""
        if self.publication is None:
            return (self.notification.order_key, self.seq)
        return (_FIRST, self.stamped_as)

    def receipt(
        self, state: State = State.WAITING, *, settled_at: int = 0, delivered: int = 0, reason: str = ""
    ) -> Receipt:
        """What is to be told about it, but for its users."""
        notification = self.notification
        stamp = self.publication if notification.kind is _CHANNEL else None
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
            reason,
            (),
            notification.submitted_by,
            request_id=notification.request_id,
        )

    def outcome(self, state: State, *, settled_at: int, delivered: int = 0, reason: str = "") -> OutcomeRow:
        """What the journal keeps of how it ended."""
        stamp = self.publication
        offset = 0 if stamp is None else stamp.offset
        return (self.seq, state.value, settled_at, self.channel_id, offset, delivered, self.attempts, reason)

    def due_on_arrival(self) -> bool:
        """Whether it was not scheduled for later."""
        return self.notification.due_at <= self.notification.accepted_at

    def free(self) -> bool:
        """Whether it waits, and is neither leased nor stamped."""
        return self.publication is None and (self.place is Place.READY or self.place is Place.SCHEDULED)

    def placed(self) -> bool:
        """Whether it gets a place in a stream."""
        kind = self.notification.kind
        return kind is _CHANNEL or (kind is not _PUSH and kind is not _WEBHOOK)
