"""What became of a notification, and withdrawing one that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import NotFound
from notifyd.model.ids import ClientId, NotificationId
from notifyd.policy.publishing.timelines import told

if TYPE_CHECKING:
    from notifyd.model.receipt import Receipt
    from notifyd.store.delivery_ports import ReceiptStore
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters


class Notifications:
    """Receipts and cancelling. A client sees its own; None as the client stands for an operator, who sees all."""

    def __init__(self, queue: QueueStore, receipts: ReceiptStore, counters: Counters) -> None:
        self._queue = queue
        self._receipts = receipts
        self._counters = counters

    async def receipt(self, client_id: ClientId | None, notification_id: str) -> Receipt:
        """The receipt, with its timeline.

        Raises:
            NotFound: unknown, forgotten, or of another client.
        """
        receipt = await self._receipts.find(client_id, NotificationId(notification_id))
        if receipt is None:
            raise _unknown()
        return receipt

    async def cancel(self, client_id: ClientId | None, notification_id: str) -> Receipt:
        """Withdraw one that waits.

        Raises:
            NotFound: unknown, forgotten, or of another client.
            Conflict: it is being dispatched, or settled already.
            StoreUnavailable: it could not be recorded; it still waits.
        """
        identifier = NotificationId(notification_id)
        receipt = await self._queue.cancel(client_id, identifier, now=now_ms())
        if receipt is None:
            raise _unknown()
        self._counters.cancelled += 1
        return replace(receipt, timeline=told(receipt))


def _unknown() -> NotFound:
    return NotFound("there is no such notification, or its receipt was dropped", code="notification_not_found")
