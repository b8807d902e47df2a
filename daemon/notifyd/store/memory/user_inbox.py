"""What is kept for one user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState, UserReceipt
from notifyd.store.history_ports import History
from notifyd.store.inbox_ports import InboxInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.store.inbox_changes import ItemRow, UserRow


class InboxItem(msgspec.Struct, gc=False, eq=False):
    """One notification in the inbox of one user, and what became of it there. Outlives its being kept."""

    inbox: UserInbox
    offset: int
    #: The number of the notification, and which of its users this is.
    seq: int
    nth: int
    #: With its place in the client's own stream; all users of the notification share it.
    publication: Publication
    stamped_at: int
    #: How it ended, once that cannot change; None as long as the cursor and the clock tell.
    ended: InboxState | None = None
    connections: int = 0
    pushed: int = 0
    failed: int = 0
    reason: str = ""

    @property
    def user_id(self) -> UserId:
        """Whose it is."""
        return self.inbox.key[1]

    def size(self) -> int:
        """What it counts against the bounds of the inbox: what its user receives, whoever else it is for."""
        notification = self.publication.notification
        return len(notification.data) + len(notification.metadata) + 200

    def expired(self, now: int) -> bool:
        """Whether it may no longer be given."""
        return self.publication.notification.expires_at <= now

    def alive(self, now: int) -> bool:
        """Whether it is still given to who reads."""
        return not self.expired(now) and self.ended is not InboxState.DEAD

    def copy(self) -> Publication:
        """What the user receives."""
        stamp = self.publication
        place = StreamPosition(self.inbox.epoch, self.offset)
        return Publication(stamp.notification, stamp.epoch, stamp.offset, self.user_id, place)

    def state(self, now: int) -> InboxState:
        """What became of it."""
        if self.ended is not None:
            return self.ended
        if self.offset <= self.inbox.cursor:
            return InboxState.DELIVERED
        return InboxState.EXPIRED if self.expired(now) else InboxState.STORED

    def receipt(self, now: int) -> UserReceipt:
        """What is to be told about it."""
        return UserReceipt(
            self.user_id, self.state(now), self.offset, self.connections, self.pushed, self.failed, self.reason
        )

    def row(self) -> ItemRow:
        """What the journal keeps of it."""
        ended = "" if self.ended is None else self.ended.value
        return (
            self.inbox.id,
            self.offset,
            self.seq,
            self.nth,
            self.stamped_at,
            ended,
            self.connections,
            self.pushed,
            self.failed,
            self.reason,
        )


class UserInbox:
    """A run of notifications without gaps that ends at `head`."""

    __slots__ = ("ageing", "cursor", "epoch", "erased", "generation", "head", "id", "items", "key", "size_bytes")

    def __init__(self, inbox_id: int, key: tuple[ClientId, UserId], *, epoch: str, generation: int) -> None:
        self.id = inbox_id
        #: Its client and its user.
        self.key = key
        self.epoch = epoch
        self.generation = generation
        #: Offset of the newest, 0 before the first.
        self.head = 0
        #: Up to here everything is proven to have arrived.
        self.cursor = 0
        #: A list, because most inboxes are small and a deque is not.
        self.items: list[InboxItem] = []
        self.size_bytes = 0
        #: Whether it is among those whose age is watched.
        self.ageing = False
        #: It was dropped on demand: nothing is told of it any more.
        self.erased = False

    def keep(self, item: InboxItem) -> None:
        """Append *item*, which follows `head`."""
        self.head = item.offset
        self.items.append(item)
        self.size_bytes += item.size()

    def restore(self, run: list[InboxItem], *, head: int, cursor: int) -> None:
        """Go on with *run*, of which all before a gap is left out, and with what is known of what came before it."""
        self.head = max(head, run[-1].offset if run else 0)
        self.cursor = min(cursor, self.head)
        first = len(run)
        while first and run[first - 1].offset == self.head - (len(run) - first):
            first -= 1
        self.items = run[first:]
        self.size_bytes = sum([item.size() for item in self.items])

    def evict(self) -> InboxItem:
        """Let go of the oldest."""
        item = self.items.pop(0)
        self.size_bytes -= item.size()
        return item

    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not self.items

    def leaves_at(self) -> int:
        """When the oldest was stamped. Only with something kept."""
        return self.items[0].stamped_at

    def floor(self) -> int:
        """Up to here everything has left."""
        return self.head - len(self.items)

    def position(self) -> StreamPosition:
        """The newest position."""
        return StreamPosition(self.epoch, self.head)

    def item(self, offset: int) -> InboxItem | None:
        """What is kept with *offset*."""
        place = offset - self.floor() - 1
        return self.items[place] if 0 <= place < len(self.items) else None

    def find(self, notification_id: NotificationId) -> InboxItem | None:
        """What is kept of a notification."""
        for item in reversed(self.items):
            if item.publication.notification.id == notification_id:
                return item
        return None

    def since(self, position: StreamPosition | None, *, now: int, limit: int | None = None) -> History:
        """See `InboxStore.since`."""
        known = position is None or (position.epoch == self.epoch and self.floor() <= position.offset <= self.head)
        after = position.offset if known and position is not None else self.cursor
        first = max(0, after - self.floor())
        if limit is not None:
            return self._page(first, limit, now, recovered=known)
        newer = self.items[first:]
        alive = [item.copy() for item in newer if item.alive(now)]
        return History(self.position(), alive, recovered=known, skipped=len(newer) - len(alive))

    def _page(self, first: int, limit: int, now: int, *, recovered: bool) -> History:
        """The first *limit* from that place on, without a look at those behind them."""
        alive: list[Publication] = []
        skipped = 0
        for place in range(first, len(self.items)):
            if len(alive) >= limit:
                break
            item = self.items[place]
            if item.alive(now):
                alive.append(item.copy())
            else:
                skipped += 1
        return History(self.position(), alive, recovered=recovered, skipped=skipped)

    def advance(self, position: StreamPosition) -> Sequence[InboxItem] | None:
        """Move the cursor up to *position*, and answer what of it is kept; None where it would not move forward."""
        if position.epoch != self.epoch or not self.cursor < position.offset <= self.head:
            return None
        floor = self.floor()
        passed = self.items[max(0, self.cursor - floor) : max(0, position.offset - floor)]
        self.cursor = position.offset
        return passed

    def info(self) -> InboxInfo:
        """What is kept, in numbers."""
        undelivered = self.head - max(self.cursor, self.floor())
        last_at = self.items[-1].stamped_at if self.items else 0
        return InboxInfo(
            *self.key, self.position(), self.cursor, len(self.items), undelivered, self.size_bytes, last_at
        )

    def row(self) -> UserRow:
        """What the journal keeps of it."""
        return (self.id, *self.key, self.generation, self.head, self.floor(), self.cursor)
