"""Idempotency keys: each stands for one notification, whichever node is asked first.

A key and the queue are at different places in Redis, so it goes in steps: the key is reserved for the id of the
notification, that is taken in, and the key is told. Who finds a key that was not told takes the notification in under
the reserved id, which is done once however often it is tried.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from notifyd.errors import IdempotencyMismatch, NotifydError, QueueFull, StoreUnavailable, store_busy
from notifyd.model.ids import NotificationId
from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import load_script
from notifyd.store.ports import Accepted
from notifyd.store.redis.queue.intake import ONCE
from notifyd.store.redis.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.notification import Notification
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.ports import IdempotencyKey
    from notifyd.store.redis.queue.intake import Intake
    from notifyd.store.redis.shards import Shards
    from notifyd.telemetry.metrics import Counters

_RESERVE: Final = load_script("notifyd.store.redis.queue", "reserve")
_RESOLVE: Final = load_script("notifyd.store.redis.queue", "resolve")

#: Keys that Redis was not told of yet for the count of all; beyond it they are not counted.
_MOST_UNTOLD: Final = 100_000
#: Forgotten in one go.
_AT_ONCE: Final = 1000


class Keyed(Ticket):
    """What becomes of a request under an idempotency key."""

    __slots__ = ("duplicate", "id", "key", "notification")

    def __init__(self, key: IdempotencyKey, notification: Notification | None) -> None:
        super().__init__()
        self.key = key
        self.notification = notification
        self.id = NotificationId("") if notification is None else notification.id
        self.duplicate = False


class KeyedPending:
    """A `Pending` of one."""

    __slots__ = ("_keyed",)

    def __init__(self, keyed: Keyed) -> None:
        self._keyed = keyed

    def done(self) -> bool:
        """See `Pending.done`."""
        return self._keyed.done

    async def result(self) -> Accepted:
        """See `Pending.result`."""
        await self._keyed.wait()
        return Accepted(self._keyed.id, self._keyed.duplicate)


class IdempotencyKeys:
    """The keys, and how many there are."""

    def __init__(self, shards: Shards, intake: Intake, counters: Counters, *, max_count: int) -> None:
        self.max_count = max_count
        self._shards = shards
        self._intake = intake
        self._counters = counters
        self._index = shards.keys.idempotency_index
        self._known = 0
        #: By digest until when they are good: not in the index yet.
        self._untold: dict[str, int] = {}

    def __len__(self) -> int:
        """How many there were at the last look, and those of this node since."""
        return self._known + len(self._untold)

    def enqueue(self, notification: Notification, key: IdempotencyKey, *, now: int) -> KeyedPending:
        """See `QueueStore.enqueue`."""
        keyed = Keyed(key, notification)
        self._ask(keyed, now, lambda answer: self._reserved(keyed, answer))
        return KeyedPending(keyed)

    def recall(self, key: IdempotencyKey, otherwise: NotifydError, *, now: int) -> KeyedPending:
        """See `QueueStore.recall`."""
        keyed = Keyed(key, None)
        self._ask(keyed, now, lambda answer: self._recalled(keyed, answer, otherwise))
        return KeyedPending(keyed)

    def _ask(self, keyed: Keyed, now: int, then: Callable[[Any], None]) -> None:
        key = keyed.key
        args = (keyed.id, key.fingerprint, key.expires_at, now, max(1, key.expires_at - now))
        try:
            reply = self._shards.intake.script(_RESERVE, (self._name(key),), args)
        except StoreUnavailable as exc:
            self._refuse(keyed, exc)
            return
        reply.then(lambda reply: self._answered(keyed, reply, then))

    def _answered(self, keyed: Keyed, reply: Reply, then: Callable[[Any], None]) -> None:
        try:
            answer = reply.result()
        except StoreUnavailable as exc:
            self._refuse(keyed, exc)
        except Refused as exc:
            self._refuse(keyed, StoreUnavailable(f"Redis refused it: {exc}", retry_after_seconds=1))
        else:
            then(answer)

    def _reserved(self, keyed: Keyed, answer: Any) -> None:
        if not answer[0]:
            if len(self._untold) < _MOST_UNTOLD:
                self._untold[digest_of(keyed.key)] = keyed.key.expires_at
            self._take(keyed)
        elif self._same(keyed, answer):
            keyed.id, keyed.duplicate = NotificationId(answer[1].decode()), True
            if answer[2] == b"d":
                keyed.finish()
            else:
                self._take(keyed)

    def _recalled(self, keyed: Keyed, answer: Any, otherwise: NotifydError) -> None:
        if not answer[0]:
            keyed.finish(otherwise)
        elif self._same(keyed, answer):
            keyed.id, keyed.duplicate = NotificationId(answer[1].decode()), True
            on_its_way = store_busy("the first request under this key is on its way")
            keyed.finish(None if answer[2] == b"d" else on_its_way)

    def _same(self, keyed: Keyed, answer: Any) -> bool:
        if answer[3].decode() == keyed.key.fingerprint:
            return True
        self._refuse(keyed, IdempotencyMismatch("this idempotency key was used for another request"))
        return False

    def _take(self, keyed: Keyed) -> None:
        """The second step: once under the reserved id, whoever else tries."""
        if keyed.notification is None:
            raise AssertionError("what is only recalled takes nothing in")
        arrival = self._intake.take((replace(keyed.notification, id=keyed.id),), ONCE)
        if arrival.done:
            self._taken(keyed, arrival)
        else:
            arrival.then(lambda over: self._taken(keyed, over))

    def _taken(self, keyed: Keyed, over: Ticket) -> None:
        failure = over.failure
        # of what failed otherwise it is not known whether it was taken in: whoever comes next tries it again
        word = "done" if failure is None else "free" if isinstance(failure, QueueFull) and not keyed.duplicate else ""
        if word:
            with suppress(StoreUnavailable):
                self._shards.intake.script(_RESOLVE, (self._name(keyed.key),), (keyed.id, word))
        keyed.finish(failure)

    def _refuse(self, keyed: Keyed, failure: NotifydError) -> None:
        self._counters.rejected += keyed.notification is not None
        keyed.finish(failure)

    def _name(self, key: IdempotencyKey) -> str:
        return self._shards.keys.idempotency(digest_of(key))

    async def tell(self) -> None:
        """Tell Redis of the new ones.

        Raises:
            StoreUnavailable: Redis is away; the next call does it.
        """
        told, self._untold = self._untold, {}
        if not told:
            return
        words: list[Word] = [word for digest, expires_at in told.items() for word in (expires_at, digest)]
        try:
            await self._shards.line.send("ZADD", self._index, *words).wait()
        except StoreUnavailable:
            self._untold = told | self._untold
            raise
        self._known += len(told)

    async def look(self) -> None:
        """Count them; raises as `tell`."""
        self._known = await self._shards.line.send("ZCARD", self._index).wait()

    async def trim(self, *, now: int) -> None:
        """Forget what is over its time or over the number; for one node of all. Raises as `tell`."""
        line = self._shards.line
        await line.send("ZREMRANGEBYSCORE", self._index, "-inf", now).wait()
        surplus = min(_AT_ONCE, self._known - self.max_count)
        if surplus > 0:
            found = await line.send("ZPOPMIN", self._index, surplus).wait()
            for digest in found[::2]:
                await line.send("DEL", self._shards.keys.idempotency(digest.decode())).wait()


def digest_of(key: IdempotencyKey) -> str:
    """What stands for whose key it is and what it is."""
    return hashlib.sha256(f"{key.credential}\0{key.key}".encode()).hexdigest()[:40]
