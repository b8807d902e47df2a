"""Doorbells of those who wait for what becomes of a notification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId


class Bells:
    """One bell for each notification that somebody waits for; where nobody waits there is nothing."""

    def __init__(self) -> None:
        self._bells: dict[NotificationId, trio.Event] = {}
        #: How many wait for each.
        self._waiting: dict[NotificationId, int] = {}

    def __len__(self) -> int:
        """How many notifications somebody waits for. Hot code asks this first."""
        return len(self._waiting)

    def ring(self, notification_id: NotificationId) -> None:
        """Something about it may have changed."""
        bell = self._bells.pop(notification_id, None)
        if bell is not None:
            bell.set()

    def ring_all(self, notification_ids: Sequence[NotificationId]) -> None:
        """Something about each of these may have changed."""
        if self._bells:
            for notification_id in notification_ids:
                self.ring(notification_id)

    async def wait(self, notification_id: NotificationId) -> None:
        """Return when it rang since the call."""
        bell = self._bells.get(notification_id)
        if bell is None:
            bell = self._bells[notification_id] = trio.Event()
        self._waiting[notification_id] = self._waiting.get(notification_id, 0) + 1
        try:
            await bell.wait()
        finally:
            left = self._waiting[notification_id] - 1
            if left:
                self._waiting[notification_id] = left
            else:
                del self._waiting[notification_id]
                self._bells.pop(notification_id, None)
