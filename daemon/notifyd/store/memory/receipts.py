"""Receipts of what was settled lately."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.model.receipt import Receipt
    from notifyd.store.memory.user_inbox import InboxItem


class RecentReceipts:
    """The newest receipts, bounded in number and in age; those of one for users have a row for each besides."""

    def __init__(self, *, max_count: int, max_age_ms: int, max_rows: int) -> None:
        self.max_count = max_count
        self.max_age_ms = max_age_ms
        self.max_rows = max_rows
        #: Told which receipts go.
        self.forgotten: Callable[[NotificationId], None] | None = None
        self._receipts: dict[NotificationId, Receipt] = {}
        #: In the order of settling. A dict alone would search longer and longer for its oldest key.
        self._order: deque[Receipt] = deque()
        self._items: dict[NotificationId, Sequence[InboxItem]] = {}
        self._rows = 0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._receipts)

    def add(self, receipt: Receipt, items: Sequence[InboxItem] = ()) -> None:
        """Remember *receipt*, with what is in inboxes; the oldest go when there are too many."""
        self._receipts[receipt.id] = receipt
        self._order.append(receipt)
        if items:
            self._forget_items(receipt.id)
            self._items[receipt.id] = items
            self._rows += len(items)
            self._forget_surplus()
        elif len(self._order) > self.max_count:
            self._forget_oldest()

    def find(self, notification_id: NotificationId) -> Receipt | None:
        """The receipt with this id, if it is remembered; its users are told by `items`."""
        return self._receipts.get(notification_id)

    def forget(self, notification_id: NotificationId) -> None:
        """Forget the receipt with this id: it begins anew."""
        self._receipts.pop(notification_id, None)
        self._forget_items(notification_id)

    def items(self, notification_id: NotificationId) -> Sequence[InboxItem]:
        """What is or was in inboxes of the notification with this id."""
        return self._items.get(notification_id, ())

    def trim(self, *, now: int) -> None:
        """Forget what is over age or over the number."""
        order = self._order
        while order and order[0].settled_at <= now - self.max_age_ms:
            self._forget_oldest()
        self._forget_surplus()

    def _forget_surplus(self) -> None:
        order = self._order
        while len(order) > self.max_count or (self._rows > self.max_rows and len(order) > 1):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        oldest = self._order.popleft()
        if self._receipts.get(oldest.id) is oldest:
            del self._receipts[oldest.id]
            self._forget_items(oldest.id)
            if self.forgotten is not None:
                self.forgotten(oldest.id)

    def _forget_items(self, notification_id: NotificationId) -> None:
        self._rows -= len(self._items.pop(notification_id, ()))
