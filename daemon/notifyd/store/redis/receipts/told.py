"""Doorbells of those who wait for what becomes of a notification, wherever that happens."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.ids import NotificationId

if TYPE_CHECKING:
    from notifyd.redislink.topics.following import Following
    from notifyd.store.memory.bells import Bells
    from notifyd.store.redis.shards import Shards

#: The topics are followed for so long after the last one has gone, because the next one may come soon.
_LINGER_SECONDS: Final = 30.0


class Told:
    """Rings the bells for what other nodes tell, while anybody waits."""

    def __init__(self, shards: Shards, bells: Bells) -> None:
        self._shards = shards
        self._bells = bells
        self._waits: Counter[NotificationId] = Counter()
        self._followings: list[Following] = []
        self._idle_since = 0.0

    async def wait(self, notification_id: NotificationId) -> None:
        """Return when something about it was told since the call, or for nothing."""
        self._waits[notification_id] += 1
        if not self._followings:
            self._follow()
        try:
            await self._bells.wait(notification_id)
        finally:
            self._waits[notification_id] -= 1
            if not self._waits[notification_id]:
                del self._waits[notification_id]
            self._idle_since = trio.current_time()

    def rest(self) -> None:
        """Follow nothing any more where nobody has waited for a while."""
        if self._followings and not self._waits and trio.current_time() > self._idle_since + _LINGER_SECONDS:
            self.stop()

    def stop(self) -> None:
        """Follow nothing any more."""
        for following in self._followings:
            following.stop()
        self._followings = []

    def _follow(self) -> None:
        follow, keys = self._shards.listener.follow, self._shards.keys
        self._followings = [
            follow(keys.told(number), self._heard, partial(self._live, number)) for number in range(self._shards.count)
        ]

    def _heard(self, payload: bytes) -> None:
        if self._waits:
            for notification_id in payload.decode().split("\n"):
                self._bells.ring(NotificationId(notification_id))

    def _live(self, _number: int) -> None:
        # what was told before is not known
        for notification_id in list(self._waits):
            self._bells.ring(notification_id)
