"""What one transaction of the journal changes about inboxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId, NotificationId, UserId

    #: inbox id, client, user, generation, newest offset, offset up to which all has left, cursor
    UserRow = tuple[int, ClientId, UserId, int, int, int, int]
    #: inbox id, offset, seq, which of the users, stamped at, end or "", connections, pushed, failed, reason
    ItemRow = tuple[int, int, int, int, int, str, int, int, int, str]
    #: pushed, failed, reason, inbox id, notification
    PushRow = tuple[int, int, str, int, NotificationId]


class InboxChanges:
    """A part of a `Batch`: `opened` and `placed` were asked for and fail with it, the rest has happened already."""

    __slots__ = ("changed", "erased", "forgotten", "marked", "opened", "placed", "pushes")

    def __init__(self) -> None:
        #: New inboxes.
        self.opened: list[UserRow] = []
        #: What was stamped.
        self.placed: list[ItemRow] = []
        #: Inboxes whose cursor moved, or from which something left.
        self.changed: list[UserRow] = []
        #: What became of items.
        self.marked: list[ItemRow] = []
        #: What the push provider said of items that memory has let go of.
        self.pushes: list[PushRow] = []
        #: Ids of inboxes that were forgotten; what became of their items is still told.
        self.forgotten: list[int] = []
        #: Ids of inboxes that were dropped with everything about them.
        self.erased: list[int] = []

    def rows(self) -> int:
        """How much there is to write."""
        written = len(self.opened) + len(self.placed) + len(self.changed) + len(self.marked) + len(self.pushes)
        return written + len(self.forgotten) + len(self.erased)

    def inherit(self, failed: InboxChanges) -> None:
        """Take over from *failed* what has happened in memory and must yet be written."""
        self.changed = failed.changed + self.changed
        self.marked = failed.marked + self.marked
        self.pushes = failed.pushes + self.pushes
        self.forgotten = failed.forgotten + self.forgotten
        self.erased = failed.erased + self.erased
