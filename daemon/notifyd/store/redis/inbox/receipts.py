"""What inboxes need of the receipts in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.model.notification import Notification
    from notifyd.model.position import StreamPosition
    from notifyd.model.receipt import InboxState
    from notifyd.model.timeline import TimelineEvent


class InboxReceipts(Protocol):
    """Takes down what is told, in its order; while Redis is away, as much as is bounded."""

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        """See `ReceiptStore.note`."""
        ...

    def placed(self, notification: Notification, places: Sequence[tuple[UserId, StreamPosition]]) -> None:
        """It has these places in the inboxes of its users; told again where it was placed before."""
        ...

    def ended(self, notification_id: NotificationId, client_id: ClientId, user_id: UserId, state: InboxState) -> None:
        """What became of it for one user, and does not follow from the cursor and the clock."""
        ...

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """See `InboxStore.pushed`."""
        ...
