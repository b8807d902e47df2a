"""Receipts of what was settled lately."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.receipt import Receipt


class RecentReceipts:
    """The newest receipts, bounded in number and in age."""

    def __init__(self, *, max_count: int, max_age_ms: int) -> None:
        self.max_count = max_count
        self.max_age_ms = max_age_ms
        self._receipts: dict[NotificationId, Receipt] = {}
        #: In the order of settling. A dict alone would search longer and longer for its oldest key.
        self._order: deque[Receipt] = deque()

    def add(self, receipt: Receipt) -> None:
        """Remember *receipt*; the oldest goes when there are too many."""
        self._receipts[receipt.id] = receipt
        self._order.append(receipt)
        if len(self._order) > self.max_count:
            self._forget_oldest()

    def find(self, notification_id: NotificationId) -> Receipt | None:
        """The receipt with this id, if it is remembered."""
        return self._receipts.get(notification_id)

    def trim(self, *, now: int) -> None:
        """Forget what is over age or over the number."""
        order = self._order
        while order and (len(order) > self.max_count or order[0].settled_at <= now - self.max_age_ms):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        oldest = self._order.popleft()
        if self._receipts.get(oldest.id) is oldest:
            del self._receipts[oldest.id]
