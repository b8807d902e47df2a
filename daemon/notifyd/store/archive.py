"""What the local broker asks of whatever remembers receipts that memory has forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.model.ids import UserId
from notifyd.model.receipt import InboxState, Receipt, UserReceipt
from notifyd.model.timeline import TimelineEvent

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId


class ArchivedItem(msgspec.Struct, frozen=True, gc=False):
    """What became of a notification in one inbox, as far as it was written down."""

    inbox_id: int
    user_id: UserId
    offset: int
    #: None: the inbox knows.
    ended: InboxState | None
    connections: int
    pushed: int
    failed: int
    reason: str

    def receipt(self, state: InboxState) -> UserReceipt:
        """What is to be told about it, when it is in *state*."""
        return UserReceipt(self.user_id, state, self.offset, self.connections, self.pushed, self.failed, self.reason)


class Archived(msgspec.Struct, frozen=True):
    """A receipt without its users, and what is known of these."""

    receipt: Receipt
    items: tuple[ArchivedItem, ...] = ()


class ArchivedNotes(msgspec.Struct, frozen=True):
    """Acks and events of one notification, as far as they were written down."""

    #: Number of the last flush that is in here.
    number: int
    acked: int = 0
    events: tuple[TimelineEvent, ...] = ()


class Archive(Protocol):
    """Receipts that memory has forgotten."""

    #: Receipts and events of timelines that were there at the last look, from time to time.
    kept: tuple[int, int]

    async def notes(self, notification_id: NotificationId) -> ArchivedNotes:
        """What was noted of a notification.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        ...

    async def find(self, notification_id: NotificationId) -> Archived | None:
        """What is known of a settled notification, or None.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        ...
