"""What users are kept: placed, bounded, and counted as arrived or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.notification import Kind
from notifyd.model.receipt import InboxState
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.memory.ages import Ages
from notifyd.store.memory.inbox_book import InboxBook
from notifyd.store.memory.tally import Tally
from notifyd.store.memory.unwritten import Unwritten
from notifyd.store.memory.user_inbox import InboxItem, UserInbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.model.position import StreamPosition
    from notifyd.model.publication import Publication
    from notifyd.store.memory.entry import Entry
    from notifyd.store.options import InboxLimits
    from notifyd.telemetry.metrics import Counters

#: When there are too many users one in so many is forgotten at once: each time costs a generation.
_FORGET_SHARE: Final = 16


class Placing:
    """Places in inboxes that were worked out and are not yet in force."""

    __slots__ = ("created", "heads", "placed")

    def __init__(self) -> None:
        self.placed: list[tuple[Entry, list[InboxItem]]] = []
        self.created: dict[tuple[ClientId, UserId], UserInbox] = {}
        #: Newest offset of each touched inbox, these places included.
        self.heads: dict[int, int] = {}


class MemoryInbox:
    """Notifications by user, bounded by number, bytes and age in each, and by bytes and users over all."""

    def __init__(self, limits: InboxLimits, counters: Counters, *, base_epoch: str, generation: int = 0) -> None:
        self.unwritten = Unwritten()
        #: Told what happens to notifications, and of which more is to be told.
        self.note: Callable[[NotificationId, TimelineEvent], None] = _nobody
        self.changed: Callable[[NotificationId], None] = _nobody
        #: Which inboxes there are.
        self.book = InboxBook(base_epoch, generation)
        self._limits = limits
        self._counters = counters
        self._ages: Ages[UserInbox] = Ages()
        self._tally = Tally()

    def place(self, stamped: Iterable[tuple[Entry, Publication]], *, now: int) -> Placing:
        """Work out the places of what is for users; nothing changes before `keep`."""
        placing = Placing()
        for entry, publication in stamped:
            if publication.notification.kind is Kind.USERS:
                items = [
                    self._item(placing, entry.seq, nth, publication, now)
                    for nth in range(len(publication.notification.users))
                ]
                placing.placed.append((entry, items))
        return placing

    def keep(self, placing: Placing, *, now: int) -> None:
        """Put *placing* in force."""
        self.book.users.update(placing.created)
        for entry, items in placing.placed:
            entry.items = items
            for item in items:
                self._keep(item, now)
        self._evict_over_bytes(now)
        self._forget_surplus(now)

    def adopt(self, inbox: UserInbox, run: list[InboxItem], *, head: int, cursor: int) -> None:
        """Go on with an *inbox* that a journal kept, and with *run* in it."""
        inbox.restore(run, head=head, cursor=cursor)
        self.book.users[inbox.key] = inbox
        self.book.next_id = max(self.book.next_id, inbox.id + 1)
        for item in inbox.items:
            self._tally.add(item)

    def adopted(self, *, after_id: int, now: int) -> None:
        """All was put in: order the users by their last notification, and give no id twice."""
        self.book.next_id = max(self.book.next_id, after_id + 1)
        for inbox in sorted(self.book.users.values(), key=_last_at):
            self.book.users.move_to_end(inbox.key)
        self.configure(self._limits, now=now)
        self.trim(now=now)

    def configure(self, limits: InboxLimits, *, now: int) -> None:
        """Use other bounds from now on."""
        self._limits = limits
        for inbox in self.book.users.values():
            self._evict_surplus(inbox, now)
        self._ages.rebuild(self.book.users.values())
        self._evict_over_bytes(now)

    def advance(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> int:
        """See `InboxStore.advance`."""
        inbox = self.book.of(client_id, user_id)
        passed = None if inbox is None else inbox.advance(position)
        if inbox is None or passed is None:
            return 0
        self.unwritten.changed(inbox)
        arrived = len(passed)
        for item in passed:
            # what expired before any connection had it never arrived, though the cursor goes past it
            if item.ended is not None:
                # it was given up, and may have been counted since
                arrived -= 1
            elif item.expired(now) and not item.connections:
                arrived -= 1
                self._end(item, InboxState.EXPIRED)
            else:
                self._note(item, Happening.ARRIVED, now)
        return arrived

    def give_up(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, expired: bool = False) -> bool:
        """See `InboxStore.give_up`."""
        item = self._item_at(client_id, user_id, position)
        if item is None or item.ended is not None or item.offset <= item.inbox.cursor:
            return False
        self._end(item, InboxState.EXPIRED if expired else InboxState.DEAD)
        return True

    def arrived_late(self, client_id: ClientId, user_id: UserId, position: StreamPosition, *, now: int) -> bool:
        """See `InboxStore.arrived_late`."""
        item = self._item_at(client_id, user_id, position)
        if item is None or item.ended is not InboxState.DEAD:
            return False
        item.ended = None if item.offset <= item.inbox.cursor else InboxState.DELIVERED
        self.unwritten.marked(item)
        self._note(item, Happening.ARRIVED, now)
        return True

    def _item_at(self, client_id: ClientId, user_id: UserId, position: StreamPosition) -> InboxItem | None:
        inbox = self.book.of(client_id, user_id)
        return None if inbox is None or inbox.epoch != position.epoch else inbox.item(position.offset)

    def keeps(self, seq: int) -> bool:
        """Whether any inbox keeps the notification with this number."""
        return self._tally.keeps(seq)

    def forget(self, client_id: ClientId, user_id: UserId | None) -> int:
        """Drop what is kept for one user or for all of a client; answers how many users that were."""
        if user_id is None:
            keys = [key for key in self.book.users if key[0] == client_id]
        else:
            keys = [key for key in ((client_id, user_id),) if key in self.book.users]
        self.book.generation += bool(keys)
        for key in keys:
            inbox = self.book.users.pop(key)
            inbox.erased = True
            while inbox.items:
                self._tally.remove(inbox.evict())
            self.unwritten.forgotten(inbox, generation=self.book.generation)
        self._ages.compact(self.book.users.values())
        return len(keys)

    def trim(self, *, now: int) -> int:
        """See `InboxStore.trim`."""
        before = self._tally.items
        oldest = now - int(self._limits.max_age_seconds * 1000)
        while (inbox := self._ages.oldest()) is not None and inbox.leaves_at() <= oldest:
            self._evict(inbox, now)
        return before - self._tally.items

    def usage(self) -> tuple[int, int, int]:
        """See `InboxStore.usage`."""
        return len(self.book.users), self._tally.items, self._tally.size_bytes

    def _item(self, placing: Placing, seq: int, nth: int, publication: Publication, now: int) -> InboxItem:
        notification = publication.notification
        key = (notification.client_id, notification.users[nth])
        inbox = self.book.users.get(key) or placing.created.get(key) or _create(self.book, key, placing)
        offset = placing.heads.get(inbox.id, inbox.head) + 1
        placing.heads[inbox.id] = offset
        return InboxItem(inbox, offset, seq, nth, publication, now)

    def _keep(self, item: InboxItem, now: int) -> None:
        inbox = item.inbox
        if inbox.erased:
            # while the stamp was on its way to the journal
            return
        inbox.keep(item)
        self._tally.add(item)
        self.book.users.move_to_end(inbox.key)
        self._ages.watch(inbox)
        self._evict_surplus(inbox, now)

    def _evict_surplus(self, inbox: UserInbox, now: int) -> None:
        limits = self._limits
        while len(inbox.items) > limits.max_notifications:
            self._evict(inbox, now)
        # one alone is kept, however big it is
        while len(inbox.items) > 1 and inbox.size_bytes > limits.max_user_bytes:
            self._evict(inbox, now)

    def _evict_over_bytes(self, now: int) -> None:
        while self._tally.size_bytes > self._limits.max_bytes and (inbox := self._ages.oldest()) is not None:
            self._evict(inbox, now)

    def _evict(self, inbox: UserInbox, now: int) -> None:
        item = inbox.evict()
        self._tally.remove(item)
        self.unwritten.changed(inbox)
        if item.offset > inbox.cursor and item.ended is None:
            expired = item.expired(now)
            self._counters.inbox_evicted += not expired
            self._end(item, InboxState.EXPIRED if expired else InboxState.EVICTED)
            if not expired:
                self._note(item, Happening.EVICTED, now)

    def _end(self, item: InboxItem, state: InboxState) -> None:
        item.ended = state
        self.unwritten.marked(item)
        self.changed(item.publication.notification.id)

    def _note(self, item: InboxItem, happening: Happening, now: int) -> None:
        self.note(item.publication.notification.id, TimelineEvent(now, happening, item.user_id))

    def _forget_surplus(self, now: int) -> None:
        if len(self.book.users) <= self._limits.max_users:
            return
        surplus = len(self.book.users) - self._limits.max_users + self._limits.max_users // _FORGET_SHARE
        self.book.generation += 1
        for _ in range(surplus):
            _, inbox = self.book.users.popitem(last=False)
            while inbox.items:
                self._evict(inbox, now)
            self.unwritten.forgotten(inbox, generation=self.book.generation)
        self._ages.compact(self.book.users.values())


def _create(book: InboxBook, key: tuple[ClientId, UserId], placing: Placing) -> UserInbox:
    inbox = placing.created[key] = book.create(key)
    return inbox


def _nobody(*_: object) -> None:
    """Nobody asked to be told."""


def _last_at(inbox: UserInbox) -> int:
    return inbox.items[-1].stamped_at if inbox.items else 0
