"""What this node takes from the queue, and what it knows of it while it holds it."""

from __future__ import annotations

import heapq
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition
from notifyd.redislink.scripts import load_script
from notifyd.store.ports import Lane, Lease
from notifyd.store.redis.queue.shard import Held
from notifyd.store.redis.queue.sights import HEADS, shares
from notifyd.store.redis.shards import answer_to
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.model.publication import Publication
    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.queue.shard import Shard
    from notifyd.store.redis.shards import Shards

_LEASE: Final = load_script("notifyd.store.redis.queue", "lease")
_PLACED: Final = load_script("notifyd.store.redis.queue", "placed")

#: Scripts take tokens as they are; this leaves room to count up, within what any number can hold.
_TOKEN_BITS: Final = 52

#: A look at what there is, and what it says, at the most.
_LOOKS: Final = 4

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_LIVE: Final = Lane.LIVE
_CHANNEL: Final = Kind.CHANNEL

_decode_heads: Final = msgspec.msgpack.Decoder(list[float]).decode


class _Question(NamedTuple):
    """What one shard is asked."""

    shard: Shard
    lane: Lane
    #: See `Sight.rings`, when it was asked.
    rings: int
    held: Held

    def lost(self) -> None:
        """No answer came: it may hold something without knowing, and the next call has that taken back."""
        self.shard.unanswered.setdefault(self.lane, []).append(self.held.token)
        self.shard.lanes[self.lane].comes_up(0)


class Leasing:
    """The leases of this node."""

    def __init__(self, shards: Shards, ownership: Ownership, room: Room) -> None:
        #: Told which notifications are in which shard.
        self.known: Callable[[int, Sequence[NotificationId]], None] = lambda number, ids: None
        self._shards = shards
        self._ownership = ownership
        self._room = room
        # no other node, and no earlier life of this one, has used any of those that follow
        self._token = secrets.randbits(_TOKEN_BITS)
        #: What is leased and has its place in a stream, in the order of the places.
        self._placed: dict[NotificationId, Publication] = {}

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane) -> list[Lease]:
        """See `QueueStore.lease`."""
        ownership = self._ownership
        if lane is _LIVE:
            ownership.works()
        ownership.hand_over(now=now)
        until = now + int(lease_seconds * 1000)
        for _ in range(_LOOKS):
            wanted = ownership.wanted()
            unasked = [shard for shard in wanted if not shard.asked and not shard.rests(now)]
            if unasked and ownership.working():
                await self._claim(unasked, among=wanted, now=now)
            asked = [shard for shard in wanted if shard.owned and shard.asks(lane, now)]
            if not asked or ownership.paused or limit < 1:
                # who asks again and again must not keep the shards from coming to this node
                await trio.lowlevel.checkpoint()
                return []
            parts = shares([shard.lanes[lane] for shard in asked], limit, now)
            leases = await self._take(list(zip(asked, parts, strict=True)), lane, until=until, now=now)
            if leases:
                return leases
        return []

    def place(self, notification_id: NotificationId) -> StreamPosition | None:
        """Where a leased one has its place in its channel; None while it has none."""
        publication = self._placed.get(notification_id)
        if publication is None or publication.notification.kind is not _CHANNEL:
            return None
        return StreamPosition(publication.epoch, publication.offset)

    def turn(self, lease: Lease) -> int | None:
        """Its offset once it has its place in a stream, whichever that is."""
        publication = self._placed.get(lease.notification.id)
        return None if publication is None else publication.offset

    def placed(self, publications: Sequence[Publication], *, now: int) -> None:
        """These have got their places in their streams. Who lost its lease meanwhile goes first all the same."""
        late: dict[int, list[str]] = {}
        for publication in publications:
            notification = publication.notification
            self._placed[notification.id] = publication
            number = self._shards.of(notification.client_id, notification.stream)
            held = self._ownership.of(number).held.get(notification.id)
            if held is None or held.until <= now:
                late.setdefault(number, []).append(notification.id)
        # away: they go in the order of their urgency, and keep their places
        with suppress(StoreUnavailable):
            for number, ids in late.items():
                self._shards.call(_PLACED, number, ids)

    def forget(self, leases: Iterable[Lease]) -> None:
        """These are given back, or settled."""
        for lease in leases:
            known = lease.notification.id
            self._placed.pop(known, None)
            held = self._ownership.of(lease.shard).held
            if known in held and held[known].token == lease.token:
                del held[known]

    def forget_lost(self, *, now: int) -> None:
        """Forget what ran out of its lease here, and was not settled: another one will be told where it stands."""
        if not sum([self._ownership.of(number).holds(now) for number in range(self._shards.count)]):
            self._placed.clear()

    async def _claim(self, shards: Sequence[Shard], *, among: Sequence[Shard], now: int) -> None:
        try:
            away: Sequence[Shard] = await self._ownership.claim(shards)
        except StoreUnavailable:
            if not any(shard.owned for shard in among):
                raise
            away = shards
        for shard in away:
            shard.rest(now)

    async def _take(self, parts: Sequence[tuple[Shard, int]], lane: Lane, *, until: int, now: int) -> list[Lease]:
        asked: list[tuple[_Question, Reply]] = []
        taken: list[list[Lease]] = []
        lost: list[Shard] = []
        failure: StoreUnavailable | None = None
        try:
            for shard, part in parts:
                asked.append(self._ask(shard, lane, part, until=until, now=now))
        except StoreUnavailable as exc:
            failure = exc
        # what was handed in is leased whether anybody waits or not; the answer is bounded by the link
        try:
            with trio.CancelScope(shield=True):
                for question, reply in asked:
                    try:
                        taken.append(self._leased(question, await answer_to(reply)))
                    except StoreUnavailable as exc:
                        question.lost()
                        lost.append(question.shard)
                        failure = exc
        finally:
            for question, _ in asked:
                question.shard.asking -= lane is _LIVE
        if failure is not None and not taken:
            raise failure
        for shard in lost:
            # its node is away and others are not: those are not to wait for it
            shard.rest(now)
        # each shard has its own order, in which what has its place goes first
        return taken[0] if len(taken) == 1 else list(heapq.merge(*taken, key=_rank))

    def _ask(self, shard: Shard, lane: Lane, part: int, *, until: int, now: int) -> tuple[_Question, Reply]:
        self._token += 1
        sight, token = shard.lanes[lane], self._token
        lost = shard.unanswered.get(lane, ())
        args = (self._shards.node, self._ownership.lease_ms, lane.value, part, now, until, HEADS, token, *lost)
        reply = self._shards.call(_LEASE, shard.number, args)
        shard.asking += lane is _LIVE
        return _Question(shard, lane, sight.rings, Held(token, until, lane)), reply

    def _leased(self, question: _Question, answer: Any) -> list[Lease]:
        shard, lane, rings, held = question
        if not answer[0]:
            self._ownership.lost(shard)
            return []
        shard.unanswered.pop(lane, None)
        paused, ready, next_due_at, lease_ends_at, count, size_bytes, heads = answer[1:8]
        shard.lanes[lane].learn(rings, ready, next_due_at, lease_ends_at, _decode_heads(heads) if ready else ())
        self._room.learn(shard.number, count, size_bytes)
        self._ownership.set_paused(paused=bool(paused))
        number, token, fence = shard.number, held.token, shard.fence
        leases = [
            Lease(decode_notification(answer[at]), answer[at + 1], token, number, fence, answer[at])
            for at in range(8, len(answer), 2)
        ]
        ids = [lease.notification.id for lease in leases]
        shard.held.update(dict.fromkeys(ids, held))
        self.known(number, ids)
        return leases


def _rank(lease: Lease) -> tuple[int, int, str]:
    notification = lease.notification
    return (notification.order_key, notification.accepted_at, notification.id)
