"""Small additions to receipts on their way to Redis, each done once however often it has to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.model.ids import NotificationId
from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import load_script

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.redis.shards import Shards

_NOTE: Final = load_script("notifyd.store.redis.receipts", "note")

#: Words in one call, four of each addition.
_AT_ONCE: Final = 4 * 1000
#: What waits while Redis is away, in words of one shard; beyond it nothing more is noted.
_MOST: Final = 4 * 50_000

#: Calls that are waited for at the most, where much was added.
_ROUNDS: Final = 20

#: What is done, in the letters of the script.
EVENT: Final = "e"
ACKS: Final = "a"
FIELD: Final = "f"
ADD: Final = "i"


class Jotter:
    """Additions by shard. One call of a shard is on its way at a time, and is sent again until it is done."""

    def __init__(self, shards: Shards, limits: ReceiptLimits) -> None:
        self.limits = limits
        #: Told which notifications a shard knows.
        self.known: Callable[[int, Sequence[NotificationId]], None] = lambda number, ids: None
        #: How many events a shard may keep; see `Figures.share_of_events`.
        self.share: Callable[[int, int], int] = lambda number, max_count: max_count
        self._shards = shards
        self._waiting: list[list[Word]] = [[] for _ in range(shards.count)]
        #: What is on its way, or has to be sent again: its number, and the words.
        self._sent: list[tuple[int, list[Word]] | None] = [None] * shards.count
        self._flying = [False] * shards.count
        # a node of the same name may have been here before
        self._number = now_ms()
        self._landing: trio.Event | None = None

    def add(self, number: int, what: str, notification_id: NotificationId, word: Word, value: Word = "") -> None:
        """Have it done in a shard, in the order of the calls."""
        words = self._waiting[number]
        if len(words) < _MOST:
            words += (what, notification_id, word, value)

    async def handed_in(self) -> None:
        """Return when a call that is handed in from now on sees all that was added, as far as Redis is there."""
        for _ in range(_ROUNDS):
            self.flush()
            if not any(flying and waiting for flying, waiting in zip(self._flying, self._waiting, strict=True)):
                return
            if self._landing is None:
                self._landing = trio.Event()
            await self._landing.wait()

    def flush(self) -> None:
        """Hand everything in. While Redis is away it waits for the next call."""
        for number in range(self._shards.count):
            self._flush(number)

    def _flush(self, number: int) -> None:
        if self._flying[number]:
            return
        sent = self._sent[number]
        if sent is None:
            waiting = self._waiting[number]
            if not waiting:
                return
            self._number += 1
            sent = self._sent[number] = (self._number, waiting[:_AT_ONCE])
            self._waiting[number] = waiting[_AT_ONCE:]
        limits = self.limits
        max_all = self.share(number, limits.max_all_events)
        args: list[Word] = [self._shards.node, sent[0], limits.max_events, max_all, *sent[1]]
        try:
            reply = self._shards.call(_NOTE, number, args)
        except StoreUnavailable:
            return
        self._flying[number] = True
        reply.then(lambda reply: self._landed(number, reply))

    def _landed(self, number: int, reply: Reply) -> None:
        self._flying[number] = False
        if self._landing is not None:
            self._landing.set()
            self._landing = None
        try:
            known = reply.result()
        except Refused:
            # it would be refused again
            known = ()
        except StoreUnavailable:
            return
        self._sent[number] = None
        self.known(number, [NotificationId(each.decode()) for each in known])
        self._flush(number)
