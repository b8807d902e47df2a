"""The queue itself: what waits, in which order, and who holds it."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from notifyd.errors import Conflict, QueueFull
from notifyd.model.notification import MAX_PRIORITY
from notifyd.store.memory.doorbell import Doorbell
from notifyd.store.memory.entry import Entry, Place
from notifyd.store.memory.leases import Leases
from notifyd.store.ports import Lease, QueueStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.store.options import QueueLimits

    Heap = list[tuple[int, int, Entry]]

#: Heaps smaller than this are not worth cleaning.
_SMALL: Final = 64


class MemoryQueue:
    """Entries by urgency. Knows nothing of disks: entries come in with `push` once they are kept.

    Entries that leave from the middle stay in their heap and are passed over when they come up.
    """

    def __init__(self, limits: QueueLimits, *, first_seq: int = 1) -> None:
        self.limits = limits
        self.paused = False
        self.doorbell = Doorbell()
        self._next_seq = first_seq
        self._entries: dict[NotificationId, Entry] = {}
        self._by_priority = [0] * (MAX_PRIORITY + 1)
        self._ready: Heap = []
        self._scheduled: Heap = []
        self._leases = Leases()
        self._ready_count = self._scheduled_count = self._leased_count = 0
        #: What counts against the bounds, on its way to the journal included.
        self._held = self._held_bytes = 0

    def admit(self, notifications: Sequence[Notification]) -> list[Entry]:
        """Reserve room for *notifications*, all or none, and number them in the order of acceptance.

        Raises:
            QueueFull: they do not fit.
            Conflict: one with the same id is waiting.
        """
        first_seq = seq = self._next_seq
        size = 0
        entries: list[Entry] = []
        for notification in notifications:
            if notification.id in self._entries:
                raise Conflict("a notification with this id is waiting")
            entry = Entry.of(seq, notification)
            entries.append(entry)
            size += entry.size
            seq += 1
        limits = self.limits
        if self._held + len(entries) > limits.max_size:
            raise QueueFull(f"the queue holds {self._held} of {limits.max_size} notifications", retry_after_seconds=1)
        if self._held_bytes + size > limits.max_bytes:
            raise QueueFull(f"the queue holds {self._held_bytes} of {limits.max_bytes} bytes", retry_after_seconds=1)
        self._next_seq = seq
        self._held += seq - first_seq
        self._held_bytes += size
        return entries

    def readmit(self, entries: Sequence[Entry]) -> None:
        """Put in what a journal kept from an earlier run, whatever the bounds say now."""
        self._held += len(entries)
        self._held_bytes += sum([entry.size for entry in entries])
        self._next_seq = max([self._next_seq, *[entry.seq + 1 for entry in entries]])
        self.push(entries)

    def push(self, entries: Sequence[Entry]) -> None:
        """Let admitted *entries* be leased from now on."""
        for entry in entries:
            notification = entry.notification
            self._entries[notification.id] = entry
            self._by_priority[notification.priority] += 1
            if entry.due_on_arrival():
                self._make_ready(entry)
            else:
                self._schedule(entry)
        self.doorbell.ring()

    def give_back(self, entries: Sequence[Entry]) -> None:
        """Free the room of admitted *entries* that could not be kept."""
        self._held -= len(entries)
        self._held_bytes -= sum([entry.size for entry in entries])

    def entry(self, notification_id: NotificationId) -> Entry | None:
        """The entry with this id while it is in the queue."""
        return self._entries.get(notification_id)

    def idle(self) -> bool:
        """Whether a dispatcher waits for the very next entry."""
        return self.doorbell.waiting > 0 and not (self.paused or self._ready_count or self._leased_count)

    def lease(self, *, limit: int, lease_seconds: float, now: int) -> list[Lease]:
        """See `QueueStore.lease`."""
        self.promote(now)
        if self.paused or not self._ready_count:
            return []
        token = self._leases.next_token()
        taken: list[Entry] = []
        ready = self._ready
        while ready and len(taken) < limit:
            entry = heapq.heappop(ready)[2]
            if entry.place is Place.READY:
                entry.place = Place.LEASED
                entry.token = token
                taken.append(entry)
        self._ready_count -= len(taken)
        self._leased_count += len(taken)
        if taken:
            self._leases.grant(token, taken, until=now + int(lease_seconds * 1000))
        return [Lease(entry.notification, entry.attempts, token) for entry in taken]

    def settle(self, lease: Lease) -> Entry | None:
        """Take the entry out that *lease* holds; None when the lease was lost."""
        entry = self.held(lease)
        if entry is None:
            return None
        self._leases.let_go(entry.token)
        self._leased_count -= 1
        self._remove(entry)
        return entry

    def release(self, lease: Lease, *, due_at: int) -> None:
        """Give back what *lease* holds, to be leased again from *due_at* on; counts an attempt."""
        entry = self.held(lease)
        if entry is None:
            return
        self._leases.let_go(entry.token)
        self._leased_count -= 1
        entry.attempts += 1
        entry.due_at = due_at
        self._schedule(entry)
        self.doorbell.ring()

    def held(self, lease: Lease) -> Entry | None:
        """The entry that *lease* holds, or None when it was lost."""
        entry = self._entries.get(lease.notification.id)
        if entry is None or entry.token != lease.token or entry.place is not Place.LEASED:
            return None
        return entry

    def withdraw(self, entry: Entry) -> bool:
        """Hide a waiting *entry* from leases while its end is being journalled. False: it is not free to go."""
        if entry.publication is not None:
            return False
        if entry.place is Place.READY:
            self._ready_count -= 1
            self._ready = _without_gone(self._ready, self._ready_count, entry, Place.READY)
        elif entry.place is Place.SCHEDULED:
            self._scheduled_count -= 1
            self._scheduled = _without_gone(self._scheduled, self._scheduled_count, entry, Place.SCHEDULED)
        else:
            return False
        return True

    def finish_withdrawal(self, entry: Entry, *, gone: bool) -> None:
        """End what `withdraw` began: the entry is gone, or waits again because that could not be kept."""
        if gone:
            self._remove(entry)
        else:
            self._schedule(entry)
            self.doorbell.ring()

    def next_due_at(self, *, now: int) -> int | None:
        """See `QueueStore.next_due_at`."""
        if self.paused:
            return None
        if self._ready_count:
            return now
        while self._scheduled and self._scheduled[0][2].place is not Place.SCHEDULED:
            heapq.heappop(self._scheduled)
        deadline = self._leases.next_deadline()
        if not self._scheduled:
            return deadline
        due_at = self._scheduled[0][0]
        return due_at if deadline is None else min(due_at, deadline)

    def stats(self, *, now: int) -> QueueStats:
        """See `QueueStore.stats`."""
        self.promote(now)
        oldest = next(iter(self._entries.values()), None)
        return QueueStats(
            waiting=len(self._entries),
            ready=self._ready_count,
            scheduled=self._scheduled_count,
            leased=self._leased_count,
            waiting_bytes=self._held_bytes,
            max_size=self.limits.max_size,
            max_bytes=self.limits.max_bytes,
            paused=self.paused,
            by_priority={p: n for p, n in enumerate(self._by_priority) if n},
            oldest_accepted_at=None if oldest is None else oldest.notification.accepted_at,
        )

    def waiting(self, *, limit: int, client_id: ClientId | None = None) -> list[Entry]:
        """The next *limit* entries in the order in which they would be leased, scheduled ones last."""

        def of_client(heap: Heap, place: Place) -> Iterable[tuple[int, int, Entry]]:
            for item in heap:
                if item[2].place is place and (client_id is None or item[2].notification.client_id == client_id):
                    yield item

        found = heapq.nsmallest(limit, of_client(self._ready, Place.READY))
        found += heapq.nsmallest(limit - len(found), of_client(self._scheduled, Place.SCHEDULED))
        return [item[2] for item in found]

    def stamped(self) -> list[Entry]:
        """What has a place in a channel and is not settled."""
        return [entry for entry in self._entries.values() if entry.publication is not None]

    def free_to_go(self, client_id: ClientId | None) -> list[Entry]:
        """Everything of one client, or of all, that waits and is neither leased nor stamped."""
        return [
            entry
            for entry in self._entries.values()
            if (entry.place is Place.READY or entry.place is Place.SCHEDULED)
            and entry.publication is None
            and (client_id is None or entry.notification.client_id == client_id)
        ]

    def _make_ready(self, entry: Entry) -> None:
        entry.place = Place.READY
        entry.token = 0
        heapq.heappush(self._ready, (*entry.rank(), entry))
        self._ready_count += 1

    def _schedule(self, entry: Entry) -> None:
        entry.place = Place.SCHEDULED
        entry.token = 0
        # one that expires first comes up then, so that it is counted and makes room in time
        entry.wakes_at = min(entry.due_at, entry.notification.expires_at)
        heapq.heappush(self._scheduled, (entry.wakes_at, entry.seq, entry))
        self._scheduled_count += 1

    def promote(self, now: int) -> None:
        """Make ready what is due and what lost its lease."""
        while self._scheduled and self._scheduled[0][0] <= now:
            wakes_at, _, entry = heapq.heappop(self._scheduled)
            if entry.place is Place.SCHEDULED and entry.wakes_at == wakes_at:
                self._scheduled_count -= 1
                self._make_ready(entry)
        for entry in self._leases.overdue(now):
            self._leased_count -= 1
            self._make_ready(entry)

    def _remove(self, entry: Entry) -> None:
        entry.place = Place.GONE
        entry.token = 0
        del self._entries[entry.notification.id]
        self._by_priority[entry.notification.priority] -= 1
        self._held -= 1
        self._held_bytes -= entry.size


def _without_gone(heap: Heap, alive: int, entry: Entry, place: Place) -> Heap:
    """Mark *entry* as leaving, and clean *heap* when most of it is gone."""
    entry.place = Place.LEAVING
    if len(heap) <= 2 * alive + _SMALL:
        return heap
    kept = [item for item in heap if item[2].place is place]
    heapq.heapify(kept)
    return kept
