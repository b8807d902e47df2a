"""How many dead letters there are over all shards, and which go when they are too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.ids import DeadLetterId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.store.options import DeadLetterLimits
    from notifyd.store.redis.letters.shards import LetterShards
    from notifyd.telemetry.metrics import Counters

#: Looked at in each shard at once.
_PAGE: Final = 100


class LetterBounds:
    """Knows the figures as they were at the last look, and lets go of the oldest."""

    def __init__(self, shards: LetterShards, limits: DeadLetterLimits, counters: Counters) -> None:
        self.limits = limits
        self._shards = shards
        self._counters = counters
        self._figures = [(0, 0)] * len(shards)

    def usage(self) -> tuple[int, int]:
        """Letters and bytes, as at the last look."""
        return sum([count for count, _ in self._figures]), sum([size for _, size in self._figures])

    def seen(self, shard: int, count: int, size: int) -> None:
        """So much is in a shard now."""
        self._figures[shard] = (count, size)

    def exceeded(self) -> bool:
        """Whether there are too many, as far as is known."""
        count, size = self.usage()
        return count > self.limits.max_count or size > self.limits.max_bytes

    async def look(self) -> None:
        """Have the figures as they are now.

        Raises:
            StoreUnavailable: Redis is away.
        """
        replies = self._shards.figures()
        self._figures = [(int(await count.wait()), int(await size.wait() or 0)) for count, size in replies]

    async def trim(self, *, now: int) -> int:
        """Let go of the oldest beyond a bound; answers how many went. Several nodes may do so at once.

        Raises:
            StoreUnavailable: Redis is away.
        """
        gone = 0
        while True:
            await self.look()
            surplus = await self._surplus(now)
            if not surplus:
                return gone
            replies = self._shards.take(surplus)
            taken = sum([len(await reply.wait()) for reply in replies])
            self._counters.dead_letters_evicted += taken
            gone += taken

    async def _surplus(self, now: int) -> list[DeadLetterId]:
        """Some of those that have to go, the oldest first."""
        limits = self.limits
        if not sum([count for count, _ in self._figures]):
            return []
        count, size = self.usage()
        died_before = now - int(limits.max_age_seconds * 1000)
        found: list[DeadLetterId] = []
        for died_at, letter_id, letter_size in await self._oldest():
            if count <= limits.max_count and size <= limits.max_bytes and died_at > died_before:
                break
            count -= 1
            size -= letter_size
            found.append(letter_id)
        return found

    async def _oldest(self) -> Sequence[tuple[int, DeadLetterId, int]]:
        """The oldest of all shards, as far as it is sure that none stands between them."""
        replies = self._shards.oldest(_PAGE)
        found: list[tuple[int, DeadLetterId, int]] = []
        sure: list[tuple[int, DeadLetterId, int]] = []
        for reply in replies:
            page: list[bytes] = await reply.wait()
            read = [
                (int(died_at), DeadLetterId(letter_id.decode()), int(size))
                for letter_id, died_at, size in zip(page[::3], page[1::3], page[2::3], strict=True)
            ]
            found += read
            if len(read) == _PAGE:
                sure.append(read[-1])
        last = min(sure, default=None)
        return [each for each in sorted(found) if last is None or each <= last]
