"""How much all inboxes keep together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.store.memory.user_inbox import InboxItem


class Tally:
    """Counts what is kept, over all and by notification."""

    __slots__ = ("_keepers", "items", "size_bytes")

    def __init__(self) -> None:
        self.items = self.size_bytes = 0
        #: By seq, how many inboxes keep a notification.
        self._keepers: dict[int, int] = {}

    def add(self, item: InboxItem) -> None:
        """An inbox keeps *item* from now on."""
        self.items += 1
        self.size_bytes += item.size()
        self._keepers[item.seq] = self._keepers.get(item.seq, 0) + 1

    def remove(self, item: InboxItem) -> None:
        """It does so no longer."""
        self.items -= 1
        self.size_bytes -= item.size()
        left = self._keepers[item.seq] - 1
        if left:
            self._keepers[item.seq] = left
        else:
            del self._keepers[item.seq]

    def keeps(self, seq: int) -> bool:
        """Whether any inbox keeps the notification with this number."""
        return seq in self._keepers

    def __len__(self) -> int:
        """How many notifications are kept anywhere."""
        return len(self._keepers)
