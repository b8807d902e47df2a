"""The queue and the history as simple as can be: what every engine is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification

LEASE_MS = 30_000
MAX_SIZE = 12


@dataclass
class Key:
    """An idempotency key."""

    id: NotificationId
    fingerprint: str
    expires_at: int


@dataclass
class Item:
    """One notification that waits."""

    seq: int
    notification: Notification
    due_at: int
    leased_until: int | None = None
    token: int = 0
    attempts: int = 0
    #: Its number among all stamps, None before.
    stamp: int | None = None
    #: It was stamped before the last start.
    carried_over: bool = False

    def rank(self) -> tuple[int, int, int]:
        """Stamped ones first and in their order, then by urgency and acceptance."""
        if self.stamp is not None:
            return (0, self.stamp, 0)
        return (1, self.notification.order_key, self.seq)

    def wakes_at(self) -> int:
        """When it may be handed out; an expired one may at once, to be counted."""
        return min(self.due_at, self.notification.expires_at)


@dataclass
class Model:
    """What should be there."""

    items: dict[NotificationId, Item] = field(default_factory=dict)
    channels: dict[str, list[NotificationId]] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    paused: bool = False
    stamps: int = 0
    seqs: int = 0

    def accept(self, notification: Notification) -> None:
        self.seqs += 1
        self.items[notification.id] = Item(self.seqs, notification, notification.due_at)

    def known_by(self, key: str, now: int) -> Key | None:
        """The request with that key, while the key is good."""
        known = self.keys.get(key)
        return known if known is not None and known.expires_at > now else None

    def reclaim(self, now: int) -> None:
        """Leases that ran out are over."""
        for item in self.items.values():
            if item.leased_until is not None and item.leased_until <= now:
                item.leased_until = None

    def due(self, now: int) -> list[Item]:
        """What a lease should hand out, in order."""
        if self.paused:
            return []
        free = [item for item in self.items.values() if item.leased_until is None and item.wakes_at() <= now]
        return sorted(free, key=Item.rank)

    def stamp(self, notification_id: NotificationId) -> int:
        """Give the next place in its channel, or answer the one it has."""
        item = self.items[notification_id]
        places = self.channels.setdefault(item.notification.channel, [])
        if item.stamp is None:
            self.stamps += 1
            item.stamp = self.stamps
            places.append(notification_id)
        return places.index(notification_id) + 1

    def held(self, notification_id: NotificationId, token: int) -> Item | None:
        item = self.items.get(notification_id)
        return item if item is not None and item.leased_until is not None and item.token == token else None

    def free_to_go(self) -> list[NotificationId]:
        """What may be withdrawn."""
        return [known for known, item in self.items.items() if item.leased_until is None and item.stamp is None]

    def restart(self) -> None:
        """Leases end, tries are forgotten, and what was stamped comes first, in the order of its offsets."""
        for item in self.items.values():
            item.leased_until = None
            item.attempts = 0
            item.due_at = item.notification.due_at
        stamped = [item for item in self.items.values() if item.stamp is not None]
        self.stamps = 0
        for item in sorted(stamped, key=lambda item: (self._offset(item), item.seq)):
            self.stamps += 1
            item.stamp = self.stamps
            item.carried_over = True

    def kill(self) -> None:
        """As `restart`, but what was stamped since the last start needs no second dispatch."""
        self.items = {known: item for known, item in self.items.items() if item.stamp is None or item.carried_over}
        self.restart()

    def _offset(self, item: Item) -> int:
        return self.channels[item.notification.channel].index(item.notification.id) + 1
