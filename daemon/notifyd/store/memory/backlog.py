"""What may be leased: the due ones by urgency, the others by time."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from notifyd.store.memory.entry import Entry, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifyd.model.ids import ClientId

    Item = tuple[int, int, Entry]

#: Heaps smaller than this are not worth cleaning.
_SMALL: Final = 64


#: Bound here because to look a member up in its enum takes longer than what is done with it.
_READY: Final = Place.READY
_SCHEDULED: Final = Place.SCHEDULED
_LEASED: Final = Place.LEASED
_LEAVING: Final = Place.LEAVING


class Backlog:
    """Two heaps. An entry that leaves from the middle stays in its heap and is passed over when it comes up."""

    def __init__(self) -> None:
        self.ready = 0
        self.scheduled = 0
        self._ready: list[Item] = []
        self._scheduled: list[Item] = []

    def add(self, entry: Entry) -> None:
        """*entry* is due."""
        entry.place = _READY
        entry.token = 0
        heapq.heappush(self._ready, (*entry.rank(), entry))
        self.ready += 1

    def moved_up(self, entry: Entry) -> None:
        """The rank of *entry* has risen. Where it is due, its former place in the heap is passed over later."""
        if entry.place is _READY:
            heapq.heappush(self._ready, (*entry.rank(), entry))

    def schedule(self, entry: Entry) -> None:
        """*entry* is due later. One that expires first comes up then, so that it is counted and makes room in time."""
        entry.place = _SCHEDULED
        entry.token = 0
        entry.wakes_at = min(entry.due_at, entry.notification.expires_at)
        heapq.heappush(self._scheduled, (entry.wakes_at, entry.seq, entry))
        self.scheduled += 1

    def promote(self, now: int) -> None:
        """Make ready what has become due."""
        while self._scheduled and self._scheduled[0][0] <= now:
            item = heapq.heappop(self._scheduled)
            if _is_scheduled(item):
                self.scheduled -= 1
                self.add(item[2])

    def take(self, limit: int, token: int) -> list[Entry]:
        """Take out up to *limit* due entries, most urgent first, for the lease with *token*."""
        taken: list[Entry] = []
        ready = self._ready
        while ready and len(taken) < limit:
            entry = heapq.heappop(ready)[2]
            if entry.place is _READY:
                entry.place = _LEASED
                entry.token = token
                taken.append(entry)
        self.ready -= len(taken)
        return taken

    def withdraw(self, entry: Entry) -> bool:
        """Take out *entry*, which is leaving. False: it is not here."""
        if entry.place is _READY:
            entry.place = _LEAVING
            self.ready -= 1
            self._ready = _cleaned(self._ready, self.ready, _is_ready)
        elif entry.place is _SCHEDULED:
            entry.place = _LEAVING
            self.scheduled -= 1
            self._scheduled = _cleaned(self._scheduled, self.scheduled, _is_scheduled)
        else:
            return False
        return True

    def next_due_at(self) -> int | None:
        """When the first of the scheduled comes up, or None."""
        while self._scheduled and not _is_scheduled(self._scheduled[0]):
            heapq.heappop(self._scheduled)
        return self._scheduled[0][0] if self._scheduled else None

    def first(self, limit: int, client_id: ClientId | None) -> list[Entry]:
        """The next *limit* entries, of one client or of all, in the order of leasing, scheduled ones last."""

        def alive(heap: list[Item], is_alive: Callable[[Item], bool]) -> Iterator[Item]:
            for item in heap:
                if is_alive(item) and (client_id is None or item[2].notification.client_id == client_id):
                    yield item

        found = heapq.nsmallest(limit, alive(self._ready, _is_ready))
        found += heapq.nsmallest(limit - len(found), alive(self._scheduled, _is_scheduled))
        # an entry whose withdrawal failed may be in its heap twice
        return list({item[2].seq: item[2] for item in found}.values())


def _is_ready(item: Item) -> bool:
    return item[2].place is _READY


def _is_scheduled(item: Item) -> bool:
    return item[2].place is _SCHEDULED and item[2].wakes_at == item[0]


def _cleaned(heap: list[Item], alive: int, is_alive: Callable[[Item], bool]) -> list[Item]:
    """*heap*, without what left it when that is most of it."""
    if len(heap) <= 2 * alive + _SMALL:
        return heap
    kept = [item for item in heap if is_alive(item)]
    heapq.heapify(kept)
    return kept
