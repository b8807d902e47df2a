"""The inboxes of all users, by client and user, and what may be asked of them.

Epochs are made as those of channels are (see `memory.history`), with a generation of their own.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import TYPE_CHECKING

from notifyd.model.position import StreamPosition
from notifyd.store.history_ports import History
from notifyd.store.memory.user_inbox import UserInbox

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, NotificationId, UserId
    from notifyd.store.inbox_ports import InboxInfo


class InboxBook:
    """Which inboxes there are; `MemoryInbox` keeps it."""

    def __init__(self, base_epoch: str, generation: int) -> None:
        self.generation = generation
        self.next_id = 1
        #: The one without a notification for the longest time first.
        self.users: OrderedDict[tuple[ClientId, UserId], UserInbox] = OrderedDict()
        self._base_epoch = base_epoch

    def epoch(self, generation: int) -> str:
        """The epoch of users first seen in *generation*."""
        return f"{self._base_epoch}.{generation}" if generation else self._base_epoch

    def create(self, key: tuple[ClientId, UserId]) -> UserInbox:
        """An inbox for a user who has none; it is not among `users` yet."""
        inbox = UserInbox(self.next_id, key, epoch=self.epoch(self.generation), generation=self.generation)
        self.next_id += 1
        return inbox

    def of(self, client_id: ClientId, user_id: UserId) -> UserInbox | None:
        """What is kept for a user."""
        return self.users.get((client_id, user_id))

    def position(self, client_id: ClientId, user_id: UserId) -> StreamPosition:
        """See `InboxStore.position`."""
        inbox = self.of(client_id, user_id)
        return StreamPosition(self.epoch(self.generation), 0) if inbox is None else inbox.position()

    def since(
        self,
        client_id: ClientId,
        user_id: UserId,
        position: StreamPosition | None = None,
        *,
        now: int,
        limit: int | None = None,
    ) -> History:
        """See `InboxStore.since`."""
        inbox = self.of(client_id, user_id)
        if inbox is not None:
            return inbox.since(position, now=now, limit=limit)
        newest = self.position(client_id, user_id)
        return History(newest, [], recovered=position is None or position == newest)

    def find(self, client_id: ClientId, user_id: UserId, notification_id: NotificationId) -> StreamPosition | None:
        """See `InboxStore.find`."""
        inbox = self.of(client_id, user_id)
        item = None if inbox is None else inbox.find(notification_id)
        return None if item is None else StreamPosition(item.inbox.epoch, item.offset)

    def info(self, client_id: ClientId, user_id: UserId) -> InboxInfo | None:
        """See `InboxStore.info`."""
        inbox = self.of(client_id, user_id)
        return None if inbox is None else inbox.info()

    def inboxes(self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000) -> list[InboxInfo]:
        """See `InboxStore.inboxes`."""
        keys = [key for key in self.users if (client_id is None or key[0] == client_id) and key[1].startswith(prefix)]
        found = heapq.nsmallest(limit, keys, key=lambda key: (key[1], key[0]))
        return [self.users[key].info() for key in found]
