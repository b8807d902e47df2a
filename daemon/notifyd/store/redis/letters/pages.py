"""The dead letters of all shards in one order."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from notifyd.store.redis.letters.form import letter_in
from notifyd.store.redis.letters.shards import Place

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.store.redis.letters.shards import LetterShards, Wanted

#: A page of each shard: most are small, and there are several.
_SMALLEST_PAGE: Final = 10
_LARGEST_PAGE: Final = 200


class LetterPages:
    """Reads on where it stopped, a page of each shard at a time."""

    def __init__(self, shards: LetterShards, wanted: Wanted, *, behind: Place | None = None, limit: int) -> None:
        """*limit* is how many are likely wanted."""
        self._shards = shards
        self._wanted = wanted
        self._limit = max(_SMALLEST_PAGE, min(limit, _LARGEST_PAGE))
        self._read: list[deque[tuple[Place, bytes]]] = [deque() for _ in range(len(shards))]
        self._behind = [behind] * len(shards)
        self._open = set(range(len(shards)))

    async def next(self) -> DeadLetter | None:
        """The next letter, or None when there are no more.

        Raises:
            StoreUnavailable: Redis is away.
        """
        await self._fill()
        first = [(read[0][0], shard) for shard, read in enumerate(self._read) if read]
        if not first:
            return None
        _, shard = min(first) if self._wanted.oldest_first else max(first)
        return letter_in(self._read[shard].popleft()[1])

    async def _fill(self) -> None:
        """Have something of every shard that has more."""
        empty = [shard for shard in self._open if not self._read[shard]]
        replies = [(n, self._shards.page(n, self._wanted, self._behind[n], self._limit)) for n in empty]
        for shard, reply in replies:
            page: list[bytes] = await reply.wait()
            read = self._read[shard]
            for letter_id, died_at, body in zip(page[::3], page[1::3], page[2::3], strict=True):
                read.append((Place(int(died_at), letter_id.decode()), body))
            if read:
                self._behind[shard] = read[-1][0]
            else:
                self._open.discard(shard)
