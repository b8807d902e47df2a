"""The queue itself: what waits, in which order, and who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Conflict, QueueFull
from notifyd.model.notification import MAX_PRIORITY, Kind
from notifyd.store.memory.entry import Entry, Place
from notifyd.store.memory.line import Line
from notifyd.store.ports import Lane, QueueStats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.store.options import QueueLimits
    from notifyd.store.ports import Lease


#: Bound here because to look a member up in its enum takes longer than what is done with it.
_LIVE: Final = Lane.LIVE
_CHANNEL: Final = Kind.CHANNEL
_SCHEDULED: Final = Place.SCHEDULED
_LEASED: Final = Place.LEASED
_GONE: Final = Place.GONE

#: What does not go to the lane LIVE.
_LANES: Final = {Kind.PUSH: Lane.PUSH, Kind.WEBHOOK: Lane.WEBHOOK}


class MemoryQueue:
    """Entries by urgency. Knows nothing of disks: entries come in with `push` once they are kept."""

    def __init__(self, limits: QueueLimits) -> None:
        self.limits = limits
        self.paused = False
        self._next_seq = 1
        self._entries: dict[NotificationId, Entry] = {}
        self._by_priority = [0] * (MAX_PRIORITY + 1)
        self._lines = {lane: Line() for lane in Lane}
        self._live = self._lines[_LIVE]
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
        self.check_room(len(entries), size)
        self._next_seq = seq
        self._held += seq - first_seq
        self._held_bytes += size
        return entries

    def check_room(self, number: int, size_bytes: int = 0) -> None:
        """Pass where *number* more fit; raises QueueFull."""
        limits = self.limits
        if self._held + number > limits.max_size:
            raise QueueFull(f"the queue holds {self._held} of {limits.max_size} notifications", retry_after_seconds=1)
        if self._held_bytes + size_bytes > limits.max_bytes:
            raise QueueFull(f"the queue holds {self._held_bytes} of {limits.max_bytes} bytes", retry_after_seconds=1)

    def number_from(self, seq: int) -> None:
        """Number what comes in from *seq* on."""
        self._next_seq = seq

    def readmit(self, entries: Sequence[Entry]) -> None:
        """Put in what a journal kept from an earlier run, whatever the bounds say now."""
        self._held += len(entries)
        self._held_bytes += sum([entry.size for entry in entries])
        self.push(entries)

    def push(self, entries: Sequence[Entry]) -> int:
        """Let admitted *entries* be leased from now on; answers how many of them are for the lane LIVE."""
        live = 0
        for entry in entries:
            notification = entry.notification
            self._entries[notification.id] = entry
            self._by_priority[notification.priority] += 1
            line = self._live if notification.kind is _CHANNEL else self._line(entry)
            live += line is self._live
            if entry.due_on_arrival():
                line.backlog.add(entry)
            else:
                line.backlog.schedule(entry)
            line.doorbell.ring()
        return live

    def stamped_now(self, entries: Sequence[Entry]) -> None:
        """*entries* have got their places: those whose lease was lost meanwhile are dispatched first, too."""
        for entry in entries:
            self._line(entry).backlog.moved_up(entry)

    def give_back(self, entries: Sequence[Entry]) -> None:
        """Free the room of admitted *entries* that could not be kept."""
        self._held -= len(entries)
        self._held_bytes -= sum([entry.size for entry in entries])

    def entry(self, notification_id: NotificationId) -> Entry | None:
        """The entry with this id while it is in the queue."""
        return self._entries.get(notification_id)

    def idle(self) -> bool:
        """Whether a dispatcher of the lane LIVE waits for the very next entry."""
        return self._live.idle() and not self.paused

    def ring(self) -> None:
        """Wake the consumer of the lane LIVE."""
        self._live.doorbell.ring()

    def ring_all(self) -> None:
        """Wake the consumers of all lanes."""
        for line in self._lines.values():
            line.doorbell.ring()

    async def wait_for_work(self, lane: Lane) -> None:
        """See `QueueStore.wait_for_work`."""
        await self._lines[lane].doorbell.wait()

    def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane = _LIVE) -> list[Lease]:
        """See `QueueStore.lease`."""
        line = self._live if lane is _LIVE else self._lines[lane]
        line.promote(now)
        if self.paused or limit < 1 or not line.backlog.ready:
            return []
        return line.lease(limit=limit, lease_seconds=lease_seconds, now=now)

    def settle(self, lease: Lease) -> Entry | None:
        """Take the entry out that *lease* holds; None when the lease was lost."""
        entry = self.held(lease)
        if entry is None:
            return None
        self._line(entry).let_go(entry)
        self._remove(entry)
        return entry

    def release(self, lease: Lease, *, due_at: int) -> None:
        """Give back what *lease* holds, to be leased again from *due_at* on; counts an attempt."""
        entry = self.held(lease)
        if entry is None:
            return
        line = self._line(entry)
        line.let_go(entry)
        entry.attempts += 1
        entry.due_at = due_at
        line.wait_again(entry)

    def held(self, lease: Lease) -> Entry | None:
        """The entry that *lease* holds, or None when it was lost."""
        entry = self._entries.get(lease.notification.id)
        if entry is None or entry.token != lease.token or entry.place is not _LEASED:
            return None
        return entry

    def withdraw(self, entry: Entry) -> bool:
        """Hide a waiting *entry* from leases while its end is being journalled. False: it is not free to go."""
        return entry.publication is None and self._line(entry).backlog.withdraw(entry)

    def finish_withdrawal(self, entry: Entry, *, gone: bool) -> None:
        """End what `withdraw` began: the entry is gone, or waits again because that could not be kept."""
        if gone:
            self._remove(entry)
        else:
            self._line(entry).wait_again(entry)

    def next_due_at(self, *, now: int, lane: Lane = _LIVE) -> int | None:
        """See `QueueStore.next_due_at`."""
        return None if self.paused else self._lines[lane].next_due_at(now=now)

    def stats(self, *, now: int) -> QueueStats:
        """See `QueueStore.stats`."""
        self.promote(now)
        lines = self._lines.values()
        oldest = next(iter(self._entries.values()), None)
        return QueueStats(
            waiting=len(self._entries),
            ready=sum([line.backlog.ready for line in lines]),
            scheduled=sum([line.backlog.scheduled for line in lines]),
            leased=sum([line.leased for line in lines]),
            waiting_bytes=self._held_bytes,
            max_size=self.limits.max_size,
            max_bytes=self.limits.max_bytes,
            paused=self.paused,
            by_priority={p: n for p, n in enumerate(self._by_priority) if n},
            oldest_accepted_at=None if oldest is None else oldest.notification.accepted_at,
        )

    def size(self, lane: Lane) -> int:
        """How many entries of *lane* there are."""
        return self._lines[lane].size()

    def waiting(self, *, limit: int, client_id: ClientId | None = None, lane: Lane | None = None) -> list[Entry]:
        """The next *limit* entries in the order in which they would be leased, scheduled ones last."""
        lines = self._lines.values() if lane is None else (self._lines[lane],)
        found = [entry for line in lines for entry in line.backlog.first(limit, client_id)]
        found.sort(key=_place_in_line)
        return found[:limit]

    def stamped(self) -> list[Entry]:
        """What has a place in a stream and is not settled."""
        return [entry for entry in self._entries.values() if entry.publication is not None]

    def free_to_go(self, client_id: ClientId | None) -> list[Entry]:
        """Everything of one client, or of all, that waits and is neither leased nor stamped."""
        return [
            entry
            for entry in self._entries.values()
            if entry.free() and client_id in (None, entry.notification.client_id)
        ]

    def promote(self, now: int) -> None:
        """Make ready what is due and what lost its lease."""
        for line in self._lines.values():
            line.promote(now)

    def _line(self, entry: Entry) -> Line:
        kind = entry.notification.kind
        return self._live if kind is _CHANNEL else self._lines[_LANES.get(kind, _LIVE)]

    def _remove(self, entry: Entry) -> None:
        entry.place = _GONE
        entry.token = 0
        del self._entries[entry.notification.id]
        self._by_priority[entry.notification.priority] -= 1
        self._held -= 1
        self._held_bytes -= entry.size


def _place_in_line(entry: Entry) -> tuple[bool, int, int]:
    if entry.place is _SCHEDULED:
        return (True, entry.wakes_at, entry.seq)
    return (False, *entry.rank())
