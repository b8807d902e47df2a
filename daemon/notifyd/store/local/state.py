"""What the parts of a local broker share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.receipt import Receipt
    from notifyd.store.batch import Batch
    from notifyd.store.memory.history import MemoryHistory
    from notifyd.store.memory.idempotency import IdempotencyKeys
    from notifyd.store.memory.queue import MemoryQueue
    from notifyd.store.memory.receipts import RecentReceipts
    from notifyd.store.options import BrokerLimits


#: With an archive behind it, memory remembers as many receipts as may be asked for before they are committed.
_RECENT_RECEIPTS: Final = 10_000


class Archive(Protocol):
    """Receipts that memory has forgotten."""

    async def find(self, notification_id: NotificationId) -> Receipt | None:
        """The receipt of a settled notification, or None.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        ...


class LocalState:
    """The memory of a local broker; as the ledger of its journal it takes in what was committed."""

    def __init__(
        self, queue: MemoryQueue, history: MemoryHistory, receipts: RecentReceipts, keys: IdempotencyKeys
    ) -> None:
        self.queue = queue
        self.history = history
        self.receipts = receipts
        self.keys = keys
        self.archive: Archive | None = None

    def committed(self, batch: Batch) -> None:
        """See `Ledger.committed`."""
        for follower in batch.followers:
            follower(True)
        if batch.entries:
            self.queue.push(batch.entries)

    def failed(self, batch: Batch) -> None:
        """See `Ledger.failed`."""
        for follower in batch.followers:
            follower(False)
        self.queue.give_back(batch.entries)
        for key, notification_id in batch.keys:
            self.keys.forget(key, notification_id)

    def configure(self, limits: BrokerLimits) -> None:
        """Use other bounds from now on."""
        self.queue.limits = limits.queue
        self.history.configure(limits.history)
        self.keys.max_count = limits.max_idempotency_keys
        self.receipts.max_age_ms = int(limits.receipts.max_age_seconds * 1000)
        self.receipts.max_count = recent_count(limits, archived=self.archive is not None)

    async def find_settled(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """The receipt of what is no longer in the queue, from memory or from the archive."""
        receipt = self.receipts.find(notification_id)
        if receipt is None and self.archive is not None:
            receipt = await self.archive.find(notification_id)
        if receipt is None or (client_id is not None and receipt.client_id != client_id):
            return None
        return receipt


def recent_count(limits: BrokerLimits, *, archived: bool) -> int:
    """How many receipts memory remembers."""
    return min(limits.receipts.max_count, _RECENT_RECEIPTS) if archived else limits.receipts.max_count
