"""Acks and events of timelines that were noted: all of them, or those that the journal does not have yet."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.model.timeline import TimelineEvent
    from notifyd.store.batch import Batch
    from notifyd.store.options import ReceiptLimits

#: Tells in the journal up to which flush it has what was noted.
NOTED: Final = "noted"

#: Written in one transaction: a few milliseconds.
_PAGE_ROWS: Final = 1000


class Noted(NamedTuple):
    """What was noted about one notification."""

    acked: int = 0
    events: Sequence[TimelineEvent] = ()


class Notes(Protocol):
    """Takes notes, and gives them back."""

    @property
    def max_events(self) -> int:
        """How many events of one notification are kept."""
        ...

    def add(self, notification_id: NotificationId, event: TimelineEvent, acked: int) -> None:
        """Remember *event* within the bounds, and add to the acks."""
        ...

    def pages(self) -> Sequence[Page]:
        """What memory holds, for `noted_in`. Taken before the journal is read, it misses nothing between the two."""
        ...

    def forget(self, notification_id: NotificationId) -> None:
        """Nobody asks for this notification any more."""
        ...

    def configure(self, limits: ReceiptLimits) -> None:
        """Use other bounds from now on."""
        ...

    def full(self) -> bool:
        """Whether there is enough for a transaction and more."""
        ...

    def flush(self, batch: Batch) -> bool:
        """Have journalled with *batch* what was not yet, or a part where that is much; False: there is nothing."""
        ...

    def written(self, number: int) -> None:
        """The journal has everything up to that flush."""
        ...

    def usage(self) -> int:
        """How many events memory holds."""
        ...


class Page:
    """Notes by notification."""

    __slots__ = ("acked", "events", "number", "size")

    def __init__(self, number: int) -> None:
        #: Of the flush that it goes with; they rise.
        self.number = number
        self.acked: dict[NotificationId, int] = {}
        #: A dict alone would search longer and longer for its oldest key.
        self.events: OrderedDict[NotificationId, list[TimelineEvent]] = OrderedDict()
        self.size = 0

    def ack(self, notification_id: NotificationId, acked: int) -> None:
        """Add to the acks."""
        self.acked[notification_id] = self.acked.get(notification_id, 0) + acked

    def add(self, notification_id: NotificationId, event: TimelineEvent, max_events: int) -> None:
        """Add *event* where there is room."""
        events = self.events.get(notification_id)
        if events is None:
            events = self.events[notification_id] = []
        if len(events) < max_events:
            events.append(event)
            self.size += 1


def noted_in(pages: Sequence[Page], notification_id: NotificationId, *, after: int = 0) -> Noted:
    """What *pages* tell of one notification that a journal with all up to the flush *after* does not."""
    acked = 0
    events: list[TimelineEvent] = []
    for page in pages:
        if page.number > after:
            acked += page.acked.get(notification_id, 0)
            events += page.events.get(notification_id, ())
    return Noted(acked, events)


class KeptNotes:
    """`Notes` that no journal keeps: they are here as long as their receipts."""

    def __init__(self, limits: ReceiptLimits) -> None:
        self._limits = limits
        self._page = Page(1)

    @property
    def max_events(self) -> int:
        """See `Notes.max_events`."""
        return self._limits.max_events

    def add(self, notification_id: NotificationId, event: TimelineEvent, acked: int) -> None:
        """See `Notes.add`. Over all, the events of the notification go of which something was noted first."""
        if acked:
            self._page.ack(notification_id, acked)
        self._page.add(notification_id, event, self._limits.max_events)
        self._forget_surplus()

    def pages(self) -> Sequence[Page]:
        """See `Notes.pages`."""
        return (self._page,)

    def forget(self, notification_id: NotificationId) -> None:
        """See `Notes.forget`."""
        self._page.acked.pop(notification_id, None)
        self._page.size -= len(self._page.events.pop(notification_id, ()))

    def configure(self, limits: ReceiptLimits) -> None:
        """See `Notes.configure`."""
        self._limits = limits
        self._forget_surplus()

    def full(self) -> bool:
        """See `Notes.full`."""
        return False

    def flush(self, batch: Batch) -> bool:
        """See `Notes.flush`: nothing is journalled."""
        return False

    def written(self, number: int) -> None:
        """See `Notes.written`."""

    def usage(self) -> int:
        """See `Notes.usage`."""
        return self._page.size

    def _forget_surplus(self) -> None:
        page = self._page
        while page.size > self._limits.max_all_events:
            notification_id, events = next(iter(page.events.items()))
            del events[0]
            page.size -= 1
            if not events:
                del page.events[notification_id]


class UnwrittenNotes:
    """`Notes` on their way to the journal, which keeps them within the bounds."""

    def __init__(self, limits: ReceiptLimits, *, number: int) -> None:
        """*number* is that of the last flush that the journal knows."""
        self._limits = limits
        self._page = Page(number + 1)
        #: Pages that are full, and were not flushed.
        self._full: deque[Page] = deque()
        #: Pages that were flushed, and of which the journal does not say yet that it has them.
        self._flushed: deque[Page] = deque()
        #: Events on both.
        self._older_size = 0

    @property
    def max_events(self) -> int:
        """See `Notes.max_events`."""
        return self._limits.max_events

    def add(self, notification_id: NotificationId, event: TimelineEvent, acked: int) -> None:
        """See `Notes.add`. While the journal fails, what is over the bounds is not kept."""
        page, limits = self._page, self._limits
        if acked and len(page.acked) < limits.max_all_events:
            page.ack(notification_id, acked)
        if page.size + self._older_size < limits.max_all_events:
            page.add(notification_id, event, limits.max_events)
        if page.size + len(page.acked) >= _PAGE_ROWS:
            self._full.append(self._turn())

    def pages(self) -> Sequence[Page]:
        """See `Notes.pages`."""
        return (*self._flushed, *self._full, self._page)

    def forget(self, notification_id: NotificationId) -> None:
        """See `Notes.forget`: the journal decides."""

    def configure(self, limits: ReceiptLimits) -> None:
        """See `Notes.configure`."""
        self._limits = limits

    def full(self) -> bool:
        """See `Notes.full`."""
        return bool(self._full)

    def flush(self, batch: Batch) -> bool:
        """See `Notes.flush`."""
        if not (self._full or self._page.acked or self._page.events):
            return False
        page = self._full.popleft() if self._full else self._turn()
        notes = batch.notes
        for notification_id, acked in page.acked.items():
            notes.acked[notification_id] = notes.acked.get(notification_id, 0) + acked
        notes.events += [(known, event) for known, events in page.events.items() for event in events]
        notes.max_events = self._limits.max_events
        notes.number = page.number
        batch.meta[NOTED] = str(page.number)
        self._flushed.append(page)
        return True

    def written(self, number: int) -> None:
        """See `Notes.written`."""
        while self._flushed and self._flushed[0].number <= number:
            self._older_size -= self._flushed.popleft().size

    def usage(self) -> int:
        """See `Notes.usage`."""
        return self._page.size + self._older_size

    def _turn(self) -> Page:
        """Begin a new page; answers the one before."""
        page, self._page = self._page, Page(self._page.number + 1)
        self._older_size += page.size
        return page
