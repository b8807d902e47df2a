"""What the parts of a local broker share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from notifyd.model.notification import State
from notifyd.store.memory.entry import Entry
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.receipt import Receipt
    from notifyd.store.batch import Batch, OutcomeRow
    from notifyd.store.memory.history import MemoryHistory, Stamping
    from notifyd.store.memory.idempotency import IdempotencyKeys
    from notifyd.store.memory.queue import MemoryQueue
    from notifyd.store.memory.receipts import RecentReceipts
    from notifyd.store.options import BrokerLimits


#: With an archive behind it, memory remembers as many receipts as may be asked for before they are committed.
_RECENT_RECEIPTS: Final = 10_000

#: No more than this is stamped on arrival: what is stamped cannot be overtaken by what is more urgent.
_STAMPED_ON_ARRIVAL: Final = 64


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
        #: Where what became of new notifications is counted.
        self.counters = Counters()
        #: Outcomes that differ from what the stamps said in how many they reached.
        self.counts: list[OutcomeRow] = []
        #: There are stamps on their way to the journal. Nothing else is stamped or leased before they are in force.
        self.stamping = False
        self._forgotten_channels: list[int] = []

    def complete(self, batch: Batch) -> None:
        """See `Ledger.complete`.

        Where a dispatcher waits for just these notifications, they are stamped in the transaction that takes them in,
        in the order in which it will lease them: one commit instead of two, and half the way to the subscriber.
        """
        self._flush_forgotten(batch)
        entries = batch.entries
        if not 0 < len(entries) <= _STAMPED_ON_ARRIVAL or self.stamping or not self.queue.idle():
            return
        if all(entry.for_channel() and entry.due_on_arrival() for entry in entries):
            now = max([entry.notification.accepted_at for entry in entries])
            self.stamp(batch, sorted(entries, key=Entry.rank), now)

    def stamp(self, batch: Batch, entries: list[Entry], now: int) -> None:
        """Give *entries* their places, in force when *batch* is committed."""
        if self.stamping:
            raise AssertionError("two stampings at once would count from the same newest offset")
        stamping = self.history.stamp(entries)
        self.stamping = True
        batch.channels += [(c.id, *key, c.generation) for key, c in stamping.created.items()]
        dispatched = State.DISPATCHED.value
        batch.decided += [
            (entry.seq, dispatched, now, channel.id, publication.offset, 0, entry.attempts)
            for entry, channel, publication in stamping.stamped
        ]
        batch.followers.append(lambda committed: self._finish_stamping(stamping, now, committed=committed))

    def committed(self, batch: Batch) -> None:
        """See `Ledger.committed`."""
        for follower in batch.followers:
            follower(True)
        if batch.entries:
            self.counters.accepted += len(batch.entries)
            self.queue.push(batch.entries)

    def failed(self, batch: Batch) -> None:
        """See `Ledger.failed`."""
        for follower in batch.followers:
            follower(False)
        self.counters.rejected += len(batch.entries)
        self.queue.give_back(batch.entries)
        for key, notification_id in batch.keys:
            self.keys.forget(key, notification_id)

    def flush(self, batch: Batch) -> None:
        """Have everything journalled with *batch* that waits for company."""
        self.flush_counts(batch)
        self._flush_forgotten(batch)

    def carry_over(self, batch: Batch, *, now: int) -> None:
        """Have the journal say of what was stamped and not dispatched that it waits: this is a stop and no crash."""
        batch.settled += [entry.outcome(State.WAITING, settled_at=now) for entry in self.queue.stamped()]

    def flush_counts(self, batch: Batch) -> None:
        """Have the counts journalled with *batch*."""
        batch.settled += self.counts
        self.counts = []

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

    def _finish_stamping(self, stamping: Stamping, now: int, *, committed: bool) -> None:
        self.stamping = False
        self.queue.doorbell.ring()
        if not committed:
            return
        # journalled before any stamp of the new generation can be, as that goes into a later transaction
        self._forgotten_channels += self.history.keep(stamping, now=now)

    def _flush_forgotten(self, batch: Batch) -> None:
        if self._forgotten_channels:
            batch.meta["generation"] = str(self.history.generation)
            batch.forgotten_channels += self._forgotten_channels
            self._forgotten_channels = []


def recent_count(limits: BrokerLimits, *, archived: bool) -> int:
    """How many receipts memory remembers."""
    return _RECENT_RECEIPTS if archived else limits.receipts.max_count
