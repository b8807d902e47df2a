"""Inboxes as simple as can be: what every engine is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notifyd.model.receipt import InboxState

if TYPE_CHECKING:
    from notifyd.model.notification import Notification

MAX_NOTIFICATIONS = 4
MAX_AGE_MS = 60_000


@dataclass
class Item:
    """One notification of one user."""

    notification: Notification
    offset: int
    stamped_at: int
    kept: bool = True
    #: How it ended, once that cannot change.
    ended: InboxState | None = None
    connections: int = 0
    pushed: int = 0


@dataclass
class Inbox:
    """Everything that one user was ever sent."""

    items: list[Item] = field(default_factory=list)
    cursor: int = 0

    def add(self, notification: Notification, now: int) -> int:
        """Append; answers the offset."""
        self.items.append(Item(notification, len(self.items) + 1, now))
        while len(self.kept()) > MAX_NOTIFICATIONS:
            self.evict(now)
        return len(self.items)

    def kept(self) -> list[Item]:
        return [item for item in self.items if item.kept]

    def evict(self, now: int) -> None:
        """The oldest that is kept goes."""
        item = self.kept()[0]
        item.kept = False
        if item.offset > self.cursor and item.ended is None:
            item.ended = InboxState.EXPIRED if item.notification.expired(now) else InboxState.EVICTED

    def trim(self, now: int) -> int:
        """What is over age goes."""
        count = len(self.kept())
        while self.kept() and self.kept()[0].stamped_at <= now - MAX_AGE_MS:
            self.evict(now)
        return count - len(self.kept())

    def floor(self) -> int:
        return len(self.items) - len(self.kept())

    def since(self, offset: int, now: int) -> list[int]:
        """Offsets of what is kept after *offset* and has not expired."""
        newer = [item for item in self.kept() if item.offset > offset and item.ended is not InboxState.DEAD]
        return [item.offset for item in newer if not item.notification.expired(now)]

    def give_up(self, offset: int) -> bool:
        """No connection acked it."""
        for item in self.kept():
            if item.offset == offset > self.cursor and item.ended is None:
                item.ended = InboxState.DEAD
                return True
        return False

    def arrive_late(self, offset: int) -> bool:
        """One did, after it had been given up."""
        for item in self.kept():
            if item.offset == offset and item.ended is InboxState.DEAD:
                item.ended = InboxState.DELIVERED
                return True
        return False

    def advance(self, offset: int, now: int) -> int:
        """Answers how many arrived."""
        if not self.cursor < offset <= len(self.items):
            return 0
        passed = [item for item in self.kept() if self.cursor < item.offset <= offset and item.ended is None]
        self.cursor = offset
        for item in passed:
            if item.notification.expired(now) and not item.connections:
                item.ended = InboxState.EXPIRED
        return sum(item.ended is None for item in passed)

    def state(self, item: Item, now: int) -> InboxState:
        """What became of *item*."""
        if item.ended is not None:
            return item.ended
        if item.offset <= self.cursor:
            return InboxState.DELIVERED
        return InboxState.EXPIRED if item.notification.expired(now) else InboxState.STORED
