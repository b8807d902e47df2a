"""The inboxes of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.written import Recorded, with_next

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, UserId
    from notifyd.model.notification import Notification
    from notifyd.store.delivery_ports import Written
    from notifyd.store.inbox_ports import InboxInfo
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.memory.user_inbox import InboxItem


class LocalInbox:
    """An `InboxStore` in memory whose changes are journalled. See the port for the guarantees.

    What is stamped is journalled with the stamp. Cursors, evictions and counts are in force at once and are written
    down once a second and at a stop: a crash that undoes them has something given again, or counted anew.
    """

    def __init__(self, state: LocalState, journal: Journal) -> None:
        self._state = state
        self._inbox = state.inbox
        self._journal = journal
        self.position = state.inbox.book.position
        self.since = state.inbox.book.since
        self.advance = state.inbox.advance
        self.give_up = state.inbox.give_up
        self.arrived_late = state.inbox.arrived_late
        self.find = state.inbox.book.find
        self.info = state.inbox.book.info
        self.usage = state.inbox.usage

    def attend(self, client_id: ClientId, user_id: UserId) -> None:
        """See `InboxStore.attend`: all is at hand."""

    async def inboxes(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[InboxInfo]:
        """See `InboxStore.inboxes`."""
        await trio.lowlevel.checkpoint()
        return self._inbox.book.inboxes(client_id, prefix=prefix, limit=limit)

    async def trim(self, *, now: int) -> int:
        """See `InboxStore.trim`."""
        await trio.lowlevel.checkpoint()
        return self._inbox.trim(now=now)

    def written(self) -> Written:
        """See `InboxStore.written`. Many who ask before the transaction begins have each inbox written once."""
        commit = self._inbox.unwritten.want()
        return with_next(self._journal) if commit is None else Recorded(commit)

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        """See `InboxStore.pushed`."""
        for user_id in push.users:
            item = self._item(push, user_id)
            if item is not None:
                item.pushed += pushed
                item.failed += failed
                item.reason = reason or item.reason
                self._inbox.unwritten.marked(item)
                self._note(push, user_id, pushed, failed, reason)
            elif (inbox := self._inbox.book.of(push.client_id, user_id)) is not None:
                self._inbox.unwritten.pushed(inbox, push.parent, pushed=pushed, failed=failed, reason=reason)
                self._note(push, user_id, pushed, failed, reason)

    async def forget(self, client_id: ClientId, user_id: UserId | None = None) -> int:
        """See `InboxStore.forget`. In force at once: after a failure the next transaction records it."""
        batch = self._journal.batch()
        forgotten = self._inbox.forget(client_id, user_id)
        self._inbox.unwritten.flush_forgotten(batch)
        batch.synced = True
        self._journal.ring()
        await batch.commit.wait()
        return forgotten

    def _note(self, push: Notification, user_id: UserId, pushed: int, failed: int, reason: str) -> None:
        now = self._state.clock()
        if pushed:
            event = TimelineEvent(now, Happening.PUSHED, user_id, detail=_devices(pushed))
            self._state.receipts.note(push.parent, event)
        if failed:
            event = TimelineEvent(now, Happening.PUSH_FAILED, user_id, detail=reason or _devices(failed))
            self._state.receipts.note(push.parent, event)

    def _item(self, push: Notification, user_id: UserId) -> InboxItem | None:
        """What memory knows of the parent of *push* for one user."""
        inbox = self._inbox.book.of(push.client_id, user_id)
        item = None if inbox is None else inbox.find(push.parent)
        if item is not None:
            return item
        entry = self._state.queue.entry(push.parent)
        items = self._state.recent.items(push.parent) if entry is None else entry.items
        return next((item for item in items if item.inbox.key == (push.client_id, user_id)), None)


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"
