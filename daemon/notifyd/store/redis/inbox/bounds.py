"""What goes from inboxes when it is too old or too much over all. Any node may see to it, several at once."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from notifyd.model.receipt import InboxState
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.redis.inbox.form import forgotten_in, trimmed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.redis.inbox.form import Left, Trimmed
    from notifyd.store.redis.inbox.index import InboxIndex
    from notifyd.store.redis.inbox.receipts import InboxReceipts
    from notifyd.store.redis.inbox.scripts import InboxScripts, UserKey
    from notifyd.telemetry.metrics import Counters

_AT_ONCE: Final = 200
#: When there are too many users one in so many is forgotten at once.
_FORGET_SHARE: Final = 16


class InboxBounds:
    """Lets go of what is over a bound, and tells it. What waits raises StoreUnavailable where Redis is away."""

    def __init__(self, scripts: InboxScripts, index: InboxIndex, receipts: InboxReceipts, counters: Counters) -> None:
        self._scripts = scripts
        self._index = index
        self._receipts = receipts
        self._counters = counters
        #: The bounds of one user were changed since all were looked at.
        self.tightened = False
        #: Whether this node knows that one has arrived or ended.
        self.settled: Callable[[UserKey, str, int], bool] = lambda key, epoch, offset: False

    def tell_left(self, key: UserKey, epoch: str, left: Iterable[Left], *, now: int) -> None:
        """A bound pushed these out before they had arrived, as far as Redis knew."""
        for each in left:
            if self.settled(key, epoch, each.offset):
                continue
            expired = each.expires_at <= now
            self._counters.inbox_evicted += not expired
            state = InboxState.EXPIRED if expired else InboxState.EVICTED
            self._receipts.ended(each.notification_id, *key, state)
            if not expired:
                self._receipts.note(each.notification_id, TimelineEvent(now, Happening.EVICTED, key[1]))

    def exceeded(self) -> bool:
        """Whether there is too much over all, as far as is known."""
        users, _, size_bytes = self._index.usage()
        return size_bytes > self._scripts.limits.max_bytes or users > self._scripts.limits.max_users

    async def trim(self, parts: Sequence[int], *, now: int) -> int:
        """Let go of what is over age in these parts of the index; answers how many went."""
        age = now - int(self._scripts.limits.max_age_seconds * 1000)
        await self._index.enter()
        gone = 0
        while old := await self._index.oldest(parts, _AT_ONCE, until=age):
            replies = [(key, self._scripts.trim(key, age=age)) for _, key in old]
            gone += await self._trimmed(replies, now)
        return gone

    async def enforce(self, *, now: int) -> None:
        """Let go of what is too much over all; the figures are looked up first."""
        if self.tightened:
            self.tightened = False
            await self._tighten(now)
        await self._index.look()
        await self._forget_surplus(now)
        await self._free(now)

    async def _tighten(self, now: int) -> None:
        limits = self._scripts.limits
        await self._index.enter()
        over = [
            key
            for key, count, size_bytes in await self._index.sizes()
            if count > limits.max_notifications or size_bytes > limits.max_user_bytes
        ]
        for first in range(0, len(over), _AT_ONCE):
            share = over[first : first + _AT_ONCE]
            await self._trimmed([(key, self._scripts.trim(key)) for key in share], now)

    async def _free(self, now: int) -> None:
        """The oldest notifications go, whosever they are."""
        while self._surplus() > 0:
            # those behind the last of them are younger than all of these
            oldest = await self._index.oldest(self._index.parts, _AT_ONCE)
            if not oldest:
                return
            last = oldest[-1][0]
            while oldest and oldest[0][0] <= last and (surplus := self._surplus()) > 0:
                _, key = heapq.heappop(oldest)
                until = oldest[0][0] if oldest else last
                trimmed = trimmed_in(await self._scripts.trim(key, free_bytes=surplus, free_until=until).wait())
                self._settle(key, trimmed, now)
                if trimmed.after.kept:
                    heapq.heappush(oldest, (trimmed.after.oldest, key))
            await self._index.enter()

    def _surplus(self) -> int:
        return self._index.usage()[2] - self._scripts.limits.max_bytes

    async def _forget_surplus(self, now: int) -> None:
        limits = self._scripts.limits
        surplus = self._index.usage()[0] - limits.max_users
        if surplus <= 0:
            return
        surplus += limits.max_users // _FORGET_SHARE
        while surplus > 0:
            idle = (await self._index.idle(min(surplus, _AT_ONCE)))[: min(surplus, _AT_ONCE)]
            if not idle:
                return
            replies = [(key, self._scripts.forget(key, erase=False)) for _, key in idle]
            for key, reply in replies:
                self._settle(key, forgotten_in(await reply.wait()), now)
            await self._index.enter()
            surplus -= len(idle)

    async def _trimmed(self, replies: Sequence[tuple[UserKey, Reply]], now: int) -> int:
        gone = 0
        for key, reply in replies:
            trimmed = trimmed_in(await reply.wait())
            self._settle(key, trimmed, now)
            gone += trimmed.after.floor - trimmed.before.floor
        await self._index.enter()
        return gone

    def _settle(self, key: UserKey, trimmed: Trimmed, now: int) -> None:
        self._index.changed(key, trimmed.before, trimmed.after)
        self.tell_left(key, trimmed.epoch, trimmed.left, now=now)
