"""What waits, looked at and taken out by hand: listed, cancelled, cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notifyd.model.notification import State
from notifyd.redislink.scripts import load_script
from notifyd.store.redis.queue.lanes import LANES
from notifyd.store.redis.receipts.form import Ending, encode_receipt, kept_ms, receipt_of
from notifyd.store.redis.shards import answer_to
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notifyd.model.ids import ClientId
    from notifyd.model.notification import Notification
    from notifyd.model.receipt import Receipt
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.ports import Lane
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.shards import Shards

_PEEK: Final = load_script("notifyd.store.redis.queue", "peek")
_WITHDRAW: Final = load_script("notifyd.store.redis.queue", "withdraw")

#: Notifications that are read, or withdrawn, at once.
_PAGE: Final = 200
_PLACES: Final = ("ready", "scheduled")


class Tries(NamedTuple):
    """What failed of one that was leased before."""

    failed: int = 0
    due_at: int = 0
    #: It has its place in a stream.
    placed: bool = False


def tries_in(text: bytes) -> Tries:
    """What a script told as "TRIES DUE RANK", or "" for nothing."""
    if not text:
        return Tries()
    failed, due_at, rank = text.split()
    return Tries(int(failed), int(due_at), rank != b"-")


class Waiting(NamedTuple):
    """One that waits and is not leased."""

    #: Scheduled ones go last.
    scheduled: bool
    #: Its order key, or when it comes up.
    at: float
    notification: Notification
    tries: Tries

    def rank(self) -> tuple[bool, float, int, str]:
        """Its place in the order of leasing, among all shards."""
        return self.scheduled, self.at, self.notification.accepted_at, self.notification.id

    def ending(self, state: State = State.WAITING, settled_at: int = 0) -> Ending:
        """What its receipt tells."""
        return Ending(state, settled_at, self.tries.due_at or self.notification.due_at, self.tries.failed)


class _Place(NamedTuple):
    """Where something waits."""

    shard: int
    #: One of `_PLACES`.
    name: str
    lane: Lane


class Withdrawing:
    """Looks at what waits in all shards, whoever sees to them."""

    def __init__(self, shards: Shards, room: Room, limits: ReceiptLimits) -> None:
        self.limits = limits
        self._shards = shards
        self._room = room

    async def waiting(
        self, *, limit: int, client_id: ClientId | None = None, lane: Lane | None = None
    ) -> list[Receipt]:
        """See `QueueStore.waiting`; raises StoreUnavailable."""
        places = [
            _Place(number, place, each)
            for number in range(self._shards.count)
            for each in (LANES if lane is None else (lane,))
            for place in _PLACES
        ]
        count = _PAGE if client_id is not None else min(_PAGE, limit)
        asked = [(place, self._ask(place, 0, count)) for place in places] if limit > 0 else []
        found: list[Waiting] = []
        for place, reply in asked:
            page = list(_waiting_in(place, await answer_to(reply)))
            found += await self._first(place, page, count, limit, client_id)
        found.sort(key=Waiting.rank)
        return [receipt_of(each.notification, each.ending()) for each in found[:limit]]

    async def clear(self, client_id: ClientId | None, *, now: int, gone: Callable[[Sequence[Waiting]], None]) -> None:
        """Withdraw all of one client, or of all; *gone* is told of each part of it. Raises StoreUnavailable."""
        for number in range(self._shards.count):
            for lane in LANES:
                for place in _PLACES:
                    await self._clear(_Place(number, place, lane), client_id, now, gone)

    async def withdraw(self, number: int, waiting: Sequence[Waiting], state: State, *, now: int) -> list[Waiting]:
        """Take these out of a shard; answers those that were free to go. Raises StoreUnavailable."""
        words: list[Word] = [now, kept_ms(self.limits)]
        for each in waiting:
            receipt = encode_receipt(each.notification, each.ending(state, now))
            words += (each.notification.id, state.value, receipt)
        count, size_bytes, *flags = await answer_to(self._shards.call(_WITHDRAW, number, words))
        self._room.learn(number, count, size_bytes)
        return [each for each, gone in zip(waiting, flags, strict=True) if gone]

    async def _clear(
        self, place: _Place, client_id: ClientId | None, now: int, gone: Callable[[Sequence[Waiting]], None]
    ) -> None:
        first = 0
        # what comes in meanwhile may be cleared or not, and does not keep this going for ever
        for _ in range(2 + self._room.limits.max_size // _PAGE):
            page = list(_waiting_in(place, await answer_to(self._ask(place, first, _PAGE))))
            if not page:
                return
            mine = [each for each in page if client_id in (None, each.notification.client_id)]
            withdrawn = await self.withdraw(place.shard, mine, State.CLEARED, now=now) if mine else []
            first += len(page) - len(withdrawn)
            if withdrawn:
                gone(withdrawn)

    async def _first(
        self, place: _Place, page: Sequence[Waiting], count: int, limit: int, client_id: ClientId | None
    ) -> list[Waiting]:
        """The first *limit* of one client, or of all, of which *page* is known."""
        found: list[Waiting] = []
        first = 0
        while True:
            found += [each for each in page if client_id in (None, each.notification.client_id)]
            first += len(page)
            if len(found) >= limit or len(page) < count:
                return found[:limit]
            page = list(_waiting_in(place, await answer_to(self._ask(place, first, count))))

    def _ask(self, place: _Place, first: int, count: int) -> Reply:
        return self._shards.call(_PEEK, place.shard, (place.name, place.lane.value, first, count))


def _waiting_in(place: _Place, answer: Any) -> Iterator[Waiting]:
    scheduled = place.name != _PLACES[0]
    for at in range(0, len(answer), 3):
        score, body, tries = answer[at : at + 3]
        yield Waiting(scheduled, float(score), decode_notification(body), tries_in(tries))
