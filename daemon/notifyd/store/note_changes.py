"""What one transaction of the journal adds to acks and timelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.timeline import TimelineEvent


class NoteChanges:
    """A part of a `Batch`; all of it has happened already."""

    __slots__ = ("acked", "events", "max_events", "number")

    def __init__(self) -> None:
        #: By notification, how many acks came in.
        self.acked: dict[NotificationId, int] = {}
        self.events: list[tuple[NotificationId, TimelineEvent]] = []
        #: Of one notification, with those that were written before.
        self.max_events = 0
        #: Up to which flush of the notes all is in here or was written before.
        self.number = 0

    def rows(self) -> int:
        """How much there is to write."""
        return len(self.acked) + len(self.events)

    def inherit(self, failed: NoteChanges) -> None:
        """Take over from *failed*."""
        for notification_id, acked in failed.acked.items():
            self.acked[notification_id] = self.acked.get(notification_id, 0) + acked
        self.events = failed.events + self.events
        self.max_events = self.max_events or failed.max_events
        self.number = max(self.number, failed.number)
