"""A notification stamped with its place in a channel."""

from __future__ import annotations

import msgspec

from notifyd.model.notification import Kind, Notification


class Publication(msgspec.Struct, frozen=True, gc=False):
    """What subscribers receive and what history keeps. A broadcast has no place: epoch "" and offset 0."""

    notification: Notification
    epoch: str
    offset: int

    @property
    def stamped(self) -> bool:
        """Whether it has a place in a channel's history."""
        return self.notification.kind is Kind.CHANNEL
