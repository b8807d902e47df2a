"""Receipts of the local broker: what waits, what was settled lately, and what the journal remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.receipt import Receipt
    from notifyd.store.local.state import LocalState


class LocalReceipts:
    """A `ReceiptStore` over everything that the local broker knows."""

    def __init__(self, state: LocalState) -> None:
        self._state = state

    async def find(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """See `ReceiptStore.find`."""
        await trio.lowlevel.checkpoint()
        entry = self._state.queue.entry(notification_id)
        if entry is None:
            return await self._state.find_settled(client_id, notification_id)
        if client_id is not None and entry.notification.client_id != client_id:
            return None
        return entry.receipt()
