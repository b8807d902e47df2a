"""The dead letters in Redis: each with the shard of its notification, read as one list.

What has died in the queue comes in by the queue's own script; everything else by `add`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import Conflict, StoreUnavailable, store_busy
from notifyd.redislink.errors import Refused
from notifyd.store.memory.dead_letters import fits
from notifyd.store.redis.letters.bounds import LetterBounds
from notifyd.store.redis.letters.form import letter_in
from notifyd.store.redis.letters.pages import LetterPages
from notifyd.store.redis.letters.requeueing import LEFT_MS, PutBack, Requeueing
from notifyd.store.redis.letters.sent import LettersSent
from notifyd.store.redis.letters.shards import LetterShards, Place, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import ClientId, DeadLetterId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.redislink.link import Link
    from notifyd.store.delivery_ports import DeadLetterQuery, Written
    from notifyd.store.options import DeadLetterLimits
    from notifyd.store.ports import Pending
    from notifyd.store.redis.letters.requeueing import Again
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.store")

#: Looked at together when all are counted.
_COUNT_PAGE: Final = 200
#: How many calls of `requeue` may be under way.
_MOST_AT_ONCE: Final = 1000
_TICK_SECONDS: Final = 1.0
_RECOVER_MS: Final = 10_000


class RedisDeadLetters:
    """A `DeadLetterStore` in Redis. Run it before anything is put back."""

    def __init__(
        self,
        link: Link,
        shards: int,
        again: Again,
        limits: DeadLetterLimits,
        counters: Counters,
        *,
        clock: Callable[[], int],
    ) -> None:
        self._shards = LetterShards(link, shards)
        self._again = again
        self._clock = clock
        self._bounds = LetterBounds(self._shards, limits, counters)
        self._sent = LettersSent(self._shards, self._bounds, clock=clock)
        self._jobs, self._work = trio.open_memory_channel[Requeueing](_MOST_AT_ONCE)
        #: Those that were cut short by Redis.
        self._unsettled: list[Requeueing] = []
        #: When it was looked for what vanished nodes had put aside.
        self._recovered_at = 0
        #: On their way back into the queue, by this node.
        self._leaving: set[DeadLetterId] = set()
        self._arriving: set[NotificationId] = set()
        self.usage = self._bounds.usage

    async def run(self) -> None:
        """Put letters back and see to the bounds until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            async for job in self._work:
                nursery.start_soon(self._put_back, job)

    async def upkeep(self) -> None:
        """Send what could not be sent, take back what a node that vanished had put aside, and let go of what is over.

        Raises:
            StoreUnavailable: Redis is away.
        """
        now = self._clock()
        self._sent.again()
        for job in list(self._unsettled):
            await job.settle(self._shards)
            self._unsettled.remove(job)
        if now - self._recovered_at >= _RECOVER_MS or now < self._recovered_at:
            replies = [self._shards.let_go(shard, before=now - LEFT_MS) for shard in range(len(self._shards))]
            for reply in replies:
                await reply.wait()
            self._recovered_at = now
        await self._bounds.trim(now=now)

    def add(self, letters: Sequence[DeadLetter], *, now: int) -> Written:
        """See `DeadLetterStore.add`. While Redis is away they wait here, as many as may be kept."""
        return self._sent.add(letters)

    async def find(self, client_id: ClientId | None, letter_id: DeadLetterId) -> DeadLetter | None:
        """See `DeadLetterStore.find`."""
        bodies = [await reply.wait() for reply in self._shards.find(letter_id)]
        letter = next((letter_in(body) for body in bodies if body is not None), None)
        return None if letter is None or client_id not in (None, letter.client_id) else letter

    async def letters(
        self, query: DeadLetterQuery, *, limit: int, after: DeadLetterId | None = None, oldest_first: bool = False
    ) -> list[DeadLetter]:
        """See `DeadLetterStore.letters`."""
        found: list[DeadLetter] = []
        behind = None if after is None else await self._place(after)
        if limit <= 0 or (after is not None and behind is None):
            await trio.lowlevel.checkpoint()
            return found
        wanted = Wanted(oldest_first, query.since, query.until)
        pages = LetterPages(self._shards, wanted, behind=behind, limit=limit)
        while len(found) < limit and (letter := await pages.next()) is not None:
            if fits(letter, query):
                found.append(letter)
        return found

    async def count(self, query: DeadLetterQuery) -> int:
        """See `DeadLetterStore.count`."""
        pages = LetterPages(self._shards, Wanted(True, query.since, query.until), limit=_COUNT_PAGE)
        count = 0
        while (letter := await pages.next()) is not None:
            count += fits(letter, query)
        return count

    async def remove(self, letter_ids: Sequence[DeadLetterId]) -> list[DeadLetterId]:
        """See `DeadLetterStore.remove`. Where it fails, some may be gone nevertheless."""
        wanted = list(dict.fromkeys(letter_ids))
        if not wanted:
            await trio.lowlevel.checkpoint()
            return []
        taken: set[bytes] = set()
        for reply in self._shards.take(wanted):
            taken.update(await reply.wait())
        return [letter_id for letter_id in wanted if letter_id.encode() in taken]

    def requeue(
        self, letters: Sequence[DeadLetter], notifications: Sequence[Notification], *, now: int
    ) -> Sequence[Pending]:
        """See `DeadLetterStore.requeue`; of each letter one notification goes on."""
        if not letters:
            return ()
        job = Requeueing(letters, notifications, now)
        ids = set(job.notification_ids)
        if not self._leaving.isdisjoint(job.letter_ids):
            raise Conflict("the dead letter is gone, or is being put back")
        if len(ids) < len(notifications) or not self._arriving.isdisjoint(ids):
            raise Conflict("a notification with this id is waiting")
        if len(self._leaving) >= _MOST_AT_ONCE:
            raise store_busy("too many dead letters are being put back")
        job.hold(self._shards)
        self._leaving.update(job.letter_ids)
        self._arriving |= ids
        self._jobs.send_nowait(job)
        return [PutBack(job, nth) for nth in range(len(notifications))]

    async def trim(self, *, now: int) -> int:
        """See `DeadLetterStore.trim`."""
        return await self._bounds.trim(now=now)

    def configure(self, limits: DeadLetterLimits) -> None:
        """Use other bounds from the next upkeep or `refresh` on."""
        self._bounds.limits = limits

    async def refresh(self) -> None:
        """Have `usage` as it is now, within the bounds.

        Raises:
            StoreUnavailable: Redis is away.
        """
        await self._bounds.trim(now=self._clock())

    async def _tick(self) -> None:
        while True:
            await trio.sleep(_TICK_SECONDS)
            try:
                await self.upkeep()
            except Refused as exc:
                log.error("dead_letters_upkeep_refused", problem=str(exc))  # noqa: TRY400 - a sentence
            except StoreUnavailable:
                continue  # away: the next tick does it

    async def _put_back(self, job: Requeueing) -> None:
        try:
            await job.run(self._shards, self._again)
        finally:
            self._leaving.difference_update(job.letter_ids)
            self._arriving.difference_update(job.notification_ids)
            if not job.settled and len(self._unsettled) < _MOST_AT_ONCE:
                self._unsettled.append(job)

    async def _place(self, letter_id: DeadLetterId) -> Place | None:
        scores = [await reply.wait() for reply in self._shards.places(letter_id)]
        score = next((score for score in scores if score is not None), None)
        return None if score is None else Place(int(score), letter_id)
