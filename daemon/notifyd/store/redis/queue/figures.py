"""What the shards hold in all, as it was at the last look."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notifyd.redislink.scripts import load_script
from notifyd.store.ports import QueueStats
from notifyd.store.redis.queue.lanes import LANES
from notifyd.store.redis.shards import answer_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.store.ports import Lane
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.shards import Shards

_FIGURES: Final = load_script("notifyd.store.redis.queue", "figures")


class _Look(NamedTuple):
    """One shard."""

    waiting: int = 0
    size_bytes: int = 0
    oldest_at: int | None = None
    receipts: int = 0
    events: int = 0
    #: Ready, scheduled and leased of each lane in turn.
    lanes: tuple[int, ...] = (0,) * 9
    priorities: tuple[tuple[int, int], ...] = ()


class Figures:
    """Counts over all shards, whoever sees to them."""

    def __init__(self, shards: Shards, ownership: Ownership, room: Room, *, clock: Callable[[], int]) -> None:
        self._shards = shards
        self._ownership = ownership
        self._room = room
        self._clock = clock
        self._looks = [_Look()] * shards.count
        self._looked_at = 0

    async def look(self) -> None:
        """Have all figures as they are now.

        Raises:
            StoreUnavailable: Redis is away; they are as before.
        """
        now = self._clock()
        told = [self._room.told(number) for number in range(self._shards.count)]
        replies = self._shards.call_all(_FIGURES, (now,))
        answers = [await answer_to(reply) for reply in replies]
        self._looks = [self._learn(number, told[number], answer) for number, answer in enumerate(answers)]
        self._looked_at = now
        self._ownership.set_paused(paused=any(answer[2] for answer in answers))

    def _learn(self, number: int, told: int, answer: Any) -> _Look:
        waiting, size_bytes, _, oldest_at, receipts, events, lanes, priorities = answer
        self._room.learn_unless_told(told, number, waiting, size_bytes)
        counted = tuple([(int(p, 16), int(n)) for p, n in zip(priorities[::2], priorities[1::2], strict=True)])
        oldest = int(oldest_at) if oldest_at else None
        return _Look(waiting, size_bytes, oldest, receipts, events, tuple(lanes), counted)

    def stats(self, *, now: int) -> QueueStats:
        """See `QueueStore.stats`."""
        lanes = [sum(counts) for counts in zip(*[look.lanes for look in self._looks], strict=True)]
        by_priority: Counter[int] = Counter()
        for look in self._looks:
            by_priority.update(dict(look.priorities))
        lost = self._ownership.ran_out(self._looked_at, now)
        limits = self._room.limits
        oldest = [look.oldest_at for look in self._looks if look.oldest_at is not None]
        return QueueStats(
            waiting=sum([look.waiting for look in self._looks]),
            ready=sum(lanes[0::3]) + lost,
            scheduled=sum(lanes[1::3]),
            leased=sum(lanes[2::3]) - lost,
            waiting_bytes=sum([look.size_bytes for look in self._looks]),
            max_size=limits.max_size,
            max_bytes=limits.max_bytes,
            paused=self._ownership.paused,
            by_priority={priority: count for priority, count in sorted(by_priority.items()) if count > 0},
            oldest_accepted_at=min(oldest, default=None),
        )

    def size(self, lane: Lane) -> int:
        """See `QueueStore.size`."""
        first = 3 * LANES.index(lane)
        return sum([sum(look.lanes[first : first + 3]) for look in self._looks])

    def receipts(self) -> tuple[int, int]:
        """See `ReceiptStore.usage`."""
        return sum([look.receipts for look in self._looks]), sum([look.events for look in self._looks])

    def share_of_receipts(self, number: int, max_count: int) -> int:
        """How many receipts a shard may keep, where all together may keep *max_count*."""
        return _share(self._looks[number].receipts, self.receipts()[0], max_count)

    def share_of_events(self, number: int, max_count: int) -> int:
        """As `share_of_receipts`, of events in timelines."""
        return _share(self._looks[number].events, self.receipts()[1], max_count)


def _share(own: int, total: int, most: int) -> int:
    """Where there are too many, each shard lets go of its part; else each may have what the others leave."""
    return -(-own * most // total) if total > most else most - total + own
