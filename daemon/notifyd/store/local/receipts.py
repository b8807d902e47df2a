"""Receipts of the local broker: what waits, what was settled lately, and what the journal remembers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from msgspec.structs import replace

from notifyd.errors import StoreUnavailable
from notifyd.model.receipt import InboxState
from notifyd.policy.publishing.timelines import told
from notifyd.store.archive import ArchivedNotes
from notifyd.store.memory.bells import Bells
from notifyd.store.memory.notes import noted_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.receipt import Receipt, UserReceipt
    from notifyd.model.timeline import TimelineEvent
    from notifyd.store.archive import Archive, Archived, ArchivedItem
    from notifyd.store.memory.inbox import MemoryInbox
    from notifyd.store.memory.notes import Notes
    from notifyd.store.memory.queue import MemoryQueue
    from notifyd.store.memory.receipts import RecentReceipts
    from notifyd.store.memory.user_inbox import InboxItem


class LocalReceipts:
    """A `ReceiptStore` over everything that the local broker knows."""

    def __init__(
        self,
        queue: MemoryQueue,
        recent: RecentReceipts,
        inbox: MemoryInbox,
        notes: Notes,
        *,
        clock: Callable[[], int],
    ) -> None:
        self.archive: Archive | None = None
        self._queue = queue
        self._recent = recent
        self._inbox = inbox
        self._notes = notes
        self._clock = clock
        #: Rung for whoever waits for changes.
        self.bells = Bells()
        self.changed = self.bells.wait

    async def find(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """See `ReceiptStore.find`."""
        await trio.lowlevel.checkpoint()
        entry = self._queue.entry(notification_id)
        if entry is None:
            receipt = await self.find_settled(client_id, notification_id)
        elif client_id is not None and entry.notification.client_id != client_id:
            receipt = None
        else:
            receipt = self._with_items(entry.receipt(), entry.items)
        return None if receipt is None else await self._with_notes(receipt)

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        """See `ReceiptStore.note`."""
        # an archive knows more than memory, and passes over what it does not know
        if self.archive is not None or self._known(notification_id):
            self._notes.add(notification_id, event, acked)
            self.bells.ring(notification_id)

    def usage(self) -> tuple[int, int]:
        """See `ReceiptStore.usage`."""
        receipts, events = (0, 0) if self.archive is None else self.archive.kept
        return max(len(self._recent), receipts), events + self._notes.usage()

    async def find_settled(self, client_id: ClientId | None, notification_id: NotificationId) -> Receipt | None:
        """The receipt of what is no longer in the queue, from memory or from the archive."""
        receipt = self._recent.find(notification_id)
        if receipt is not None:
            receipt = self._with_items(receipt, self._recent.items(notification_id))
        elif self.archive is not None:
            archived = await self.archive.find(notification_id)
            receipt = None if archived is None else self._with_archived(archived)
        if receipt is None or (client_id is not None and receipt.client_id != client_id):
            return None
        return receipt

    def _known(self, notification_id: NotificationId) -> bool:
        return self._queue.entry(notification_id) is not None or self._recent.find(notification_id) is not None

    async def _with_notes(self, receipt: Receipt) -> Receipt:
        # before the look-up: what is written down meanwhile must not be missed
        pages = self._notes.pages()
        archived = ArchivedNotes(0)
        if self.archive is not None:
            # what memory knows is told even while the archive is away
            with suppress(StoreUnavailable):
                archived = await self.archive.notes(receipt.id)
        noted = noted_in(pages, receipt.id, after=archived.number)
        # what is over the bound will not be written
        events = (*archived.events, *noted.events)[: self._notes.max_events]
        receipt = replace(receipt, acked=archived.acked + noted.acked, timeline=events)
        return replace(receipt, timeline=told(receipt))

    def _with_items(self, receipt: Receipt, items: Sequence[InboxItem]) -> Receipt:
        if not items:
            return receipt
        now = self._clock()
        return replace(receipt, users=tuple([item.receipt(now) for item in items if not item.inbox.erased]))

    def _with_archived(self, archived: Archived) -> Receipt:
        if not archived.items:
            return archived.receipt
        now = self._clock()
        receipt = archived.receipt
        return replace(receipt, users=tuple([self._archived_user(receipt, item, now) for item in archived.items]))

    def _archived_user(self, receipt: Receipt, item: ArchivedItem, now: int) -> UserReceipt:
        """What memory still knows is newer than what was written down of it."""
        inbox = self._inbox.book.of(receipt.client_id, item.user_id)
        if inbox is None or inbox.id != item.inbox_id:
            # whoever forgot that inbox wrote down what had not arrived
            return item.receipt(item.ended or InboxState.DELIVERED)
        kept = inbox.item(item.offset)
        if kept is not None:
            return kept.receipt(now)
        if item.ended is not None or item.offset <= inbox.cursor:
            return item.receipt(item.ended or InboxState.DELIVERED)
        # it went a moment ago, which is not written down yet
        return item.receipt(InboxState.EXPIRED if receipt.expires_at <= now else InboxState.EVICTED)
