"""Dead letters on their way back into the queue.

Redis has no transaction over several shards, so this goes in steps, each of which may be done twice: the letters are
put aside (all of one shard or none), the notifications are enqueued, the letters are dropped. Where a step fails, or
its node vanishes in the middle, a letter is back when its notification was not taken in: at once, or after a minute.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import Conflict, NotifydError, StoreUnavailable
from notifyd.redislink.errors import Refused
from notifyd.store.redis.shards import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import DeadLetterId, NotificationId
    from notifyd.model.notification import Notification
    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.ports import Accepted, Pending
    from notifyd.store.redis.letters.shards import LetterShards

    #: Enqueues notifications once more whose receipts, where there are any, begin anew: as `QueueStore.enqueue`.
    Again = Callable[[Sequence[Notification], int], Sequence[Pending]]

#: What was put aside for so long was left by a node that vanished: no step takes as long.
LEFT_MS: Final = 60_000


class Requeueing:
    """One call of `DeadLetterStore.requeue`, worked on by a task of its own."""

    def __init__(self, letters: Sequence[DeadLetter], notifications: Sequence[Notification], now: int) -> None:
        self.letter_ids = [letter.id for letter in letters]
        self.notification_ids = [notification.id for notification in notifications]
        self._notifications = notifications
        self._now = now
        #: Tells what it has put aside from what others have.
        self._word = secrets.token_hex(6)
        #: By shard, what is put aside there: the letter, and the notification that goes on for it.
        self._pairs: dict[int, list[tuple[DeadLetterId, NotificationId]]] = {}
        self._holds: list[Reply] = []
        self._accepted: Sequence[Accepted] = ()
        self._failure: Exception | None = None
        #: Whether nothing stays aside.
        self.settled = False
        self._done = trio.Event()

    def hold(self, shards: LetterShards) -> None:
        """The first step, handed in at once: no read that is handed in later finds the letters.

        Raises:
            StoreUnavailable: Redis is away; nothing was changed.
        """
        for letter_id, notification in zip(self.letter_ids, self._notifications, strict=True):
            shard = shard_of(notification.client_id, notification.stream, len(shards))
            self._pairs.setdefault(shard, []).append((letter_id, notification.id))
        for shard, pairs in self._pairs.items():
            self._holds.append(shards.hold(shard, pairs, word=self._word, now=self._now))

    async def run(self, shards: LetterShards, again: Again) -> None:
        """The other steps. When it is cancelled the letters stay aside: what was handed in may yet be taken in."""
        try:
            for reply in self._holds:
                await reply.wait()
            self._accepted = [await pending.result() for pending in again(self._notifications, self._now)]
        except NotifydError as exc:
            self._failure = exc
        except Refused as exc:
            self._failure = Conflict(exc.text)
        except trio.Cancelled:
            self._failure = StoreUnavailable("the store was closed meanwhile", retry_after_seconds=1)
            self._done.set()
            raise
        try:
            with suppress(StoreUnavailable):
                await self.settle(shards)
        finally:
            self._done.set()

    async def settle(self, shards: LetterShards) -> None:
        """The last step: nothing stays aside. It may be done again; after a minute the upkeep of any node does it.

        Raises:
            StoreUnavailable: Redis is away.
        """
        gone = None if isinstance(self._failure, StoreUnavailable) else self._failure is None
        replies = [
            shards.let_go(shard, [letter_id for letter_id, _ in pairs], word=self._word, gone=gone)
            for shard, pairs in self._pairs.items()
        ]
        if gone:
            # who waits has been told the truth already
            self._done.set()
        for reply in replies:
            await reply.wait()
        self.settled = True

    def done(self) -> bool:
        """Whether it is known how it went."""
        return self._done.is_set()

    async def result(self, nth: int) -> Accepted:
        """How it went for one of the notifications."""
        await self._done.wait()
        if self._failure is not None:
            raise self._failure
        return self._accepted[nth]


class PutBack:
    """The `Pending` of one of them."""

    __slots__ = ("_nth", "_requeueing")

    def __init__(self, requeueing: Requeueing, nth: int) -> None:
        self._requeueing = requeueing
        self._nth = nth

    def done(self) -> bool:
        """See `Pending.done`."""
        return self._requeueing.done()

    async def result(self) -> Accepted:
        """See `Pending.result`."""
        return await self._requeueing.result(self._nth)
