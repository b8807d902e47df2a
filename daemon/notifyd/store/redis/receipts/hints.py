"""Which shard a notification is in, as its id does not tell. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId

#: How many are remembered at least; at most it is twice as many.
_MOST: Final = 20_000


class Hints:
    """What was seen lately. A notification does not change its shard, so that what is known is right."""

    def __init__(self) -> None:
        self._newer: dict[NotificationId, int] = {}
        self._older: dict[NotificationId, int] = {}

    def remember(self, shard: int, notification_ids: Sequence[NotificationId]) -> None:
        """These are in this shard."""
        self._newer.update(dict.fromkeys(notification_ids, shard))
        if len(self._newer) > _MOST:
            self._older, self._newer = self._newer, {}

    def find(self, notification_id: NotificationId) -> int | None:
        """Its shard, or None where that is not remembered."""
        shard = self._newer.get(notification_id)
        return self._older.get(notification_id) if shard is None else shard
