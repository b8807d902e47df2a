"""Dead letters on their way to Redis."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.errors import Refused
from notifyd.store.redis.shards import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.ids import DeadLetterId
    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.redis.letters.bounds import LetterBounds
    from notifyd.store.redis.letters.shards import LetterShards


log = structlog.get_logger("notifyd.store")


class LettersSent:
    """Sends letters, and keeps those that could not be sent until Redis is back."""

    def __init__(self, shards: LetterShards, bounds: LetterBounds, *, clock: Callable[[], int]) -> None:
        self._shards = shards
        self._bounds = bounds
        self._clock = clock
        #: Not in Redis as far as is known, the oldest first; bounded as the letters are.
        self._unsent: dict[DeadLetterId, DeadLetter] = {}
        self._unsent_bytes = 0

    def add(self, letters: Sequence[DeadLetter]) -> LettersWritten:
        """Send *letters*."""
        by_shard: dict[int, list[DeadLetter]] = {}
        for letter in letters:
            self._forget(letter.id)
            shard = shard_of(letter.client_id, letter.notification.stream, len(self._shards))
            by_shard.setdefault(shard, []).append(letter)
        replies: list[Reply] = []
        failure: StoreUnavailable | None = None
        for shard, share in by_shard.items():
            try:
                reply = self._shards.keep(shard, share)
            except StoreUnavailable as exc:
                failure = exc
                self._remember(share)
            else:
                replies.append(reply)
                reply.then(lambda reply, shard=shard, share=share: self._answered(reply, shard, share))  # type: ignore[misc]
        return LettersWritten(self, replies, failure)

    def again(self) -> None:
        """Send once more what could not be sent."""
        unsent, self._unsent, self._unsent_bytes = list(self._unsent.values()), {}, 0
        if unsent:
            self.add(unsent)

    async def trim(self) -> None:
        """Let go of what is too much now, if anything is."""
        if self._bounds.exceeded():
            # the upkeep does it otherwise
            with suppress(StoreUnavailable):
                await self._bounds.trim(now=self._clock())

    def _answered(self, reply: Reply, shard: int, share: Sequence[DeadLetter]) -> None:
        try:
            count, size = reply.result()
        except Refused as exc:
            # to send them again would not help
            log.error("dead_letters_refused", letters=len(share), problem=str(exc))  # noqa: TRY400 - a sentence
        except StoreUnavailable:
            self._remember(share)
        else:
            self._bounds.seen(shard, int(count), int(size))

    def _remember(self, letters: Sequence[DeadLetter]) -> None:
        limits = self._bounds.limits
        for letter in letters:
            if letter.id not in self._unsent:
                self._unsent[letter.id] = letter
                self._unsent_bytes += letter.size()
        while len(self._unsent) > limits.max_count or self._unsent_bytes > limits.max_bytes:
            self._forget(next(iter(self._unsent)))

    def _forget(self, letter_id: DeadLetterId) -> None:
        letter = self._unsent.pop(letter_id, None)
        if letter is not None:
            self._unsent_bytes -= letter.size()


class LettersWritten:
    """The `Written` of letters."""

    __slots__ = ("_failure", "_replies", "_sent")

    def __init__(self, sent: LettersSent, replies: Sequence[Reply], failure: StoreUnavailable | None) -> None:
        self._sent = sent
        self._replies = replies
        self._failure = failure

    def done(self) -> bool:
        """See `Written.done`."""
        return all(reply.done() for reply in self._replies)

    async def wait(self) -> None:
        """See `Written.wait`. What is too much then has gone."""
        for reply in self._replies:
            await reply.wait()
        if self._failure is not None:
            await trio.lowlevel.checkpoint()
            raise StoreUnavailable(self._failure.message, retry_after_seconds=1) from self._failure
        await self._sent.trim()
