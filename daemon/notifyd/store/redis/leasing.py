"""What this node takes from the queue, and how it gives it back: leases, their ends, and tries that are made again."""

from __future__ import annotations

import heapq
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.policy.dead_letters import letter_of
from notifyd.redislink.scripts import load_script
from notifyd.store.ports import Lane, Lease
from notifyd.store.redis.letter_form import letter_body
from notifyd.store.redis.ownership import Held
from notifyd.store.redis.receipt_form import Ending, encode_receipt
from notifyd.store.redis.sights import HEADS, shares
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.model.publication import Publication
    from notifyd.redislink.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.ports import Outcome
    from notifyd.store.redis.ownership import Ownership, Shard
    from notifyd.store.redis.room import Room
    from notifyd.store.redis.shards import Shards

log = structlog.get_logger("notifyd.store")

_SCRIPTS: Final = "notifyd.store.redis.scripts"
_LEASE: Final = load_script(_SCRIPTS, "lease")
_SETTLE: Final = load_script(_SCRIPTS, "settle")
_RELEASE: Final = load_script(_SCRIPTS, "release")
_PLACED: Final = load_script(_SCRIPTS, "placed")

#: A look at what there is, and what it says, at the most.
_LOOKS: Final = 4
#: Outcomes in one call of a script.
_AT_ONCE: Final = 500

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_CHANNEL: Final = Kind.CHANNEL
_USERS: Final = Kind.USERS
_DEAD: Final = State.DEAD

_decode_heads: Final = msgspec.msgpack.Decoder(list[float]).decode


class Leasing:
    """The leases of this node."""

    def __init__(self, shards: Shards, ownership: Ownership, room: Room, limits: ReceiptLimits) -> None:
        self.limits = limits
        #: Told which notifications are in which shard.
        self.known: Callable[[int, Sequence[NotificationId]], None] = lambda number, ids: None
        self._shards = shards
        self._ownership = ownership
        self._room = room
        #: What is leased and has its place in a stream, in the order of the places.
        self._placed: dict[NotificationId, Publication] = {}
        #: What could not be given back while Redis was away: its lease, and when it is due.
        self._unreleased: dict[NotificationId, tuple[Lease, int]] = {}

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane) -> list[Lease]:
        """See `QueueStore.lease`."""
        ownership = self._ownership
        until = now + int(lease_seconds * 1000)
        for _ in range(_LOOKS):
            wanted = ownership.wanted()
            if unasked := [shard for shard in wanted if not shard.asked]:
                await ownership.claim(unasked)
            asked = [shard for shard in wanted if shard.owned and shard.lanes[lane].asks(now)]
            if not asked or ownership.paused or limit < 1:
                return []
            parts = shares([shard.lanes[lane] for shard in asked], limit, now)
            leases = await self._take(list(zip(asked, parts, strict=True)), lane, until=until, now=now)
            if leases:
                return leases
        return []

    async def _take(self, parts: Sequence[tuple[Shard, int]], lane: Lane, *, until: int, now: int) -> list[Lease]:
        node, lease_ms = self._shards.node, self._ownership.lease_ms
        asked = []
        for shard, part in parts:
            args = (node, lease_ms, lane.value, part, now, until, HEADS)
            asked.append((shard, shard.lanes[lane].rings, self._shards.call(_LEASE, shard.number, args)))
        taken = [self._leased(shard, lane, rings, await reply.wait(), until) for shard, rings, reply in asked]
        # each shard has its own order, in which what has its place goes first
        return taken[0] if len(taken) == 1 else list(heapq.merge(*taken, key=_rank))

    def _leased(self, shard: Shard, lane: Lane, rings: int, answer: Any, until: int) -> list[Lease]:
        if not answer[0]:
            self._ownership.lost(shard)
            return []
        paused, token, ready, next_due_at, lease_ends_at, count, size_bytes, heads = answer[1:9]
        shard.lanes[lane].learn(rings, ready, next_due_at, lease_ends_at, _decode_heads(heads) if ready else ())
        self._room.learn(shard.number, count, size_bytes)
        self._ownership.set_paused(paused=bool(paused))
        if not token:
            return []
        number, fence = shard.number, shard.fence
        leases = [
            Lease(decode_notification(answer[at]), answer[at + 1], token, number, fence)
            for at in range(9, len(answer), 2)
        ]
        held = Held(token, until)
        for lease in leases:
            shard.held[lease.notification.id] = held
        self.known(number, [lease.notification.id for lease in leases])
        return leases

    def place(self, notification_id: NotificationId) -> StreamPosition | None:
        """Where a leased one has its place in its channel; None while it has none."""
        publication = self._placed.get(notification_id)
        if publication is None or publication.notification.kind is not _CHANNEL:
            return None
        return StreamPosition(publication.epoch, publication.offset)

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
        for number, ids in late.items():
            self._hand_in(_PLACED, number, ids)

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> list[Outcome]:
        """Record how these ended; answers those whose leases were in force.

        Raises:
            StoreUnavailable: Redis is away; whether it was recorded is not known.
        """
        by_shard: dict[int, list[Outcome]] = {}
        for outcome in outcomes:
            by_shard.setdefault(outcome.lease.shard, []).append(outcome)
        asked = []
        for number, group in by_shard.items():
            for first in range(0, len(group), _AT_ONCE):
                part = group[first : first + _AT_ONCE]
                asked.append((number, part, self._shards.call(_SETTLE, number, self._words(part, now))))
        ended: list[Outcome] = []
        for number, part, reply in asked:
            count, size_bytes, *refused = await reply.wait()
            self._room.learn(number, count, size_bytes)
            lost = set(refused)
            ended += [outcome for place, outcome in enumerate(part) if place not in lost] if lost else part
        self._forget([outcome.lease for outcome in outcomes])
        return ended

    def _words(self, outcomes: Sequence[Outcome], now: int) -> list[Word]:
        words: list[Word] = [now, int(self.limits.max_age_seconds * 1000) + 60_000]
        for outcome in outcomes:
            lease, state = outcome.lease, outcome.state
            notification = lease.notification
            place = self.place(notification.id)
            epoch, offset = ("", 0) if place is None else (place.epoch, place.offset)
            delivered = outcome.delivered
            if outcome.by_user:
                delivered = max(delivered, sum(outcome.by_user.values()))
            ending = Ending(state, now, notification.due_at, lease.attempts, delivered, epoch, offset, outcome.reason)
            words += (
                notification.id,
                lease.token,
                state.value,
                encode_receipt(notification, ending),
                len(notification.users) if notification.kind is _USERS else 0,
                _letter(outcome, now) if state is _DEAD else b"",
            )
        return words

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        """See `QueueStore.release`. While Redis is away they are remembered, and given back when it is there."""
        for lease in leases:
            self._unreleased[lease.notification.id] = (lease, due_at)
        self.give_back()

    def give_back(self) -> None:
        """Have everything given back that was not yet."""
        if not self._unreleased:
            return
        waiting, self._unreleased = self._unreleased, {}
        by_shard: dict[int, list[tuple[Lease, int]]] = {}
        for lease, due_at in waiting.values():
            by_shard.setdefault(lease.shard, []).append((lease, due_at))
        for number, group in by_shard.items():
            group.sort(key=self._place_of)
            words: list[Word] = []
            for lease, due_at in group:
                notification = lease.notification
                placed = notification.id in self._placed
                wakes_at = min(due_at, notification.expires_at)
                words += (notification.id, lease.token, wakes_at, due_at, int(placed))
                # whoever asks from now on is answered with these
                self._ownership.rung(number, lane_of(notification.kind), wakes_at)
            self._hand_in(_RELEASE, number, words, partial(self._released, group))

    def _released(self, group: Sequence[tuple[Lease, int]], reply: Reply | None) -> None:
        try:
            away = reply is None or reply.result() is None
        except StoreUnavailable:
            away = True
        if not away:
            self._forget([lease for lease, _ in group])
            return
        for lease, due_at in group:
            self._unreleased.setdefault(lease.notification.id, (lease, due_at))

    def _place_of(self, held: tuple[Lease, int]) -> int:
        publication = self._placed.get(held[0].notification.id)
        return 0 if publication is None else publication.offset

    def _hand_in(
        self, script: Any, number: int, words: Sequence[Word], then: Callable[[Reply | None], None] | None = None
    ) -> None:
        try:
            reply = self._shards.call(script, number, words)
        except StoreUnavailable:
            if then is not None:
                then(None)
            return
        if then is not None:
            reply.then(then)

    def forget_lost(self, *, now: int) -> None:
        """Forget what ran out of its lease here, and was not settled: another one will be told where it stands."""
        if not sum([self._ownership.of(number).holds(now) for number in range(self._shards.count)]):
            self._placed.clear()

    def _forget(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            known = lease.notification.id
            self._placed.pop(known, None)
            held = self._ownership.of(lease.shard).held
            if known in held and held[known].token == lease.token:
                del held[known]


def lane_of(kind: Kind) -> Lane:
    """The lane that notifications of this kind wait in."""
    return _LANES.get(kind, Lane.LIVE)


_LANES: Final = {Kind.PUSH: Lane.PUSH, Kind.WEBHOOK: Lane.WEBHOOK}


def _rank(lease: Lease) -> tuple[int, int, str]:
    notification = lease.notification
    return (notification.order_key, notification.accepted_at, notification.id)


def _letter(outcome: Outcome, now: int) -> bytes:
    lease = outcome.lease
    letter = letter_of(
        lease.notification, reason=outcome.reason, error=outcome.error, attempts=lease.attempts + 1, now=now
    )
    return letter_body(letter)
