"""What happened to inboxes in memory and waits for company on its way to the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.store.batch import ended

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.store.batch import Batch, Commit
    from notifyd.store.inbox_changes import PushRow
    from notifyd.store.memory.user_inbox import InboxItem, UserInbox

_GENERATION = "inbox_generation"


class Unwritten:
    """Each inbox and each item at most once, as they are when they are written at last."""

    def __init__(self) -> None:
        self._inboxes: dict[int, UserInbox] = {}
        self._items: dict[tuple[int, int], InboxItem] = {}
        self._pushes: list[PushRow] = []
        self._forgotten: list[int] = []
        self._erased: list[int] = []
        self._generation: int | None = None
        #: Somebody waits for the inboxes: they go with the next transaction.
        self.wanted = False
        #: How the latest transaction with changed inboxes goes.
        self._commit = ended()

    def changed(self, inbox: UserInbox) -> None:
        """The cursor of *inbox* moved, or something left it."""
        self._inboxes[inbox.id] = inbox

    def marked(self, item: InboxItem) -> None:
        """Something became of *item*."""
        if not item.inbox.erased:
            self._items[item.inbox.id, item.offset] = item

    def pushed(self, inbox: UserInbox, parent: NotificationId, *, pushed: int, failed: int, reason: str) -> None:
        """Something became of what memory has let go of."""
        self._pushes.append((pushed, failed, reason, inbox.id, parent))

    def forgotten(self, inbox: UserInbox, *, generation: int) -> None:
        """*inbox* is no more, and new ones begin in *generation*."""
        self._inboxes.pop(inbox.id, None)
        self._forgotten.append(inbox.id)
        if inbox.erased:
            self._erased.append(inbox.id)
        self._generation = generation

    def want(self) -> Commit | None:
        """Have every change of an inbox in a transaction: the one that has it, or None for the next that begins."""
        commit = self._commit
        # what failed moved on to a transaction that is yet to come
        self.wanted = bool(self._inboxes) or commit.failure is not None
        return None if self.wanted else commit

    def complete(self, batch: Batch) -> None:
        """*batch* is about to be written: have that journalled with it which cannot wait for company."""
        self.flush(batch) if self.wanted else self.flush_forgotten(batch)

    def flush(self, batch: Batch) -> None:
        """Have everything journalled with *batch*."""
        if self.wanted or self._inboxes:
            self.wanted = False
            self._commit = batch.commit
        self.flush_forgotten(batch)
        if self._inboxes:
            batch.inbox.changed += [inbox.row() for inbox in self._inboxes.values()]
            self._inboxes = {}
        if self._items:
            batch.inbox.marked += [item.row() for item in self._items.values() if not item.inbox.erased]
            self._items = {}
        if self._pushes:
            batch.inbox.pushes += self._pushes
            self._pushes = []

    def flush_forgotten(self, batch: Batch) -> None:
        """Have that journalled with *batch* which must come before any new inbox."""
        if self._generation is not None:
            batch.meta[_GENERATION] = str(self._generation)
            batch.inbox.forgotten += self._forgotten
            batch.inbox.erased += self._erased
            self._generation, self._forgotten, self._erased = None, [], []
