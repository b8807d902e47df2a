"""How leased notifications end, or are given back to be tried again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind, State
from notifyd.policy.publishing.dead_letters import letter_of
from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import load_script
from notifyd.store.redis.letters.form import letter_body
from notifyd.store.redis.queue.lanes import lane_of
from notifyd.store.redis.receipts.form import Ending, encode_receipt, kept_ms
from notifyd.store.redis.shards import answer_to

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.resp import Word
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.ports import Lease, Outcome
    from notifyd.store.redis.queue.leasing import Leasing
    from notifyd.store.redis.queue.ownership import Ownership
    from notifyd.store.redis.queue.room import Room
    from notifyd.store.redis.shards import Shards

_SETTLE: Final = load_script("notifyd.store.redis.queue", "settle")
_RELEASE: Final = load_script("notifyd.store.redis.queue", "release")

#: Outcomes in one call of a script.
_AT_ONCE: Final = 500

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_USERS: Final = Kind.USERS
_DEAD: Final = State.DEAD


class Settled(NamedTuple):
    """What came of it."""

    #: Those whose leases were in force.
    ended: list[Outcome]
    #: Why it is not known of others; they are tried again.
    failure: StoreUnavailable | None


class Settling:
    """The ends of this node's leases. What Redis could not be told is told when it is back."""

    def __init__(
        self, shards: Shards, ownership: Ownership, leasing: Leasing, room: Room, limits: ReceiptLimits
    ) -> None:
        self.limits = limits
        self._shards = shards
        self._ownership = ownership
        self._leasing = leasing
        self._room = room
        #: With when they ended.
        self._unsettled: list[tuple[int, list[Outcome]]] = []
        #: With when they are due.
        self._unreleased: dict[NotificationId, tuple[Lease, int]] = {}

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> Settled:
        """Record how these ended; a lease that was lost meanwhile is passed over."""
        by_shard: dict[int, list[Outcome]] = {}
        for outcome in outcomes:
            by_shard.setdefault(outcome.lease.shard, []).append(outcome)
        asked: list[tuple[int, list[Outcome], Reply | StoreUnavailable]] = []
        for number, group in by_shard.items():
            for first in range(0, len(group), _AT_ONCE):
                part = group[first : first + _AT_ONCE]
                asked.append((number, part, self._send(number, part, now)))
        settled = Settled([], None)
        for number, part, reply in asked:
            try:
                if isinstance(reply, StoreUnavailable):
                    raise reply
                answer = await answer_to(reply)
            except StoreUnavailable as exc:
                if not isinstance(exc.__cause__, Refused):
                    # what was refused would be refused again: it comes back when its lease is over
                    self._unsettled.append((now, part))
                settled = Settled(settled.ended, exc)
            else:
                settled.ended.extend(self._learn(number, part, answer))
        return settled

    async def settle_again(self) -> list[Outcome]:
        """Record what could not be recorded; answers those whose leases are still in force."""
        unsettled, self._unsettled = self._unsettled, []
        ended: list[Outcome] = []
        for at, part in unsettled:
            ended += (await self.settle(part, now=at)).ended
        return ended

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        """See `QueueStore.release`."""
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
            # what has its place is dispatched in the order of the places
            group.sort(key=lambda held: self._leasing.turn(held[0]) or 0)
            try:
                self._shards.call(_RELEASE, number, self._released_words(number, group)).then(
                    partial(self._released, group)
                )
            except StoreUnavailable:
                self._keep(group)

    def _send(self, number: int, part: Sequence[Outcome], now: int) -> Reply | StoreUnavailable:
        try:
            return self._shards.call(_SETTLE, number, self._words(part, now))
        except StoreUnavailable as exc:
            return exc

    def _words(self, outcomes: Sequence[Outcome], now: int) -> list[Word]:
        words: list[Word] = [now, kept_ms(self.limits)]
        for outcome in outcomes:
            lease, state = outcome.lease, outcome.state
            notification = lease.notification
            place = self._leasing.place(notification.id)
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

    def _learn(self, number: int, part: list[Outcome], answer: list[int]) -> list[Outcome]:
        count, size_bytes, *refused = answer
        self._room.learn(number, count, size_bytes)
        self._leasing.forget([outcome.lease for outcome in part])
        if not refused:
            return part
        lost = set(refused)
        return [outcome for place, outcome in enumerate(part) if place not in lost]

    def _released_words(self, number: int, group: Sequence[tuple[Lease, int]]) -> list[Word]:
        words: list[Word] = []
        for lease, due_at in group:
            notification = lease.notification
            wakes_at = min(due_at, notification.expires_at)
            placed = self._leasing.turn(lease) is not None
            words += (notification.id, lease.token, wakes_at, due_at, int(placed))
            # whoever asks from now on is answered with these
            self._ownership.rung(number, lane_of(notification.kind), wakes_at)
        return words

    def _released(self, group: Sequence[tuple[Lease, int]], reply: Reply) -> None:
        try:
            reply.result()
        except Refused:
            # it would be refused again: they are back when their leases end
            return
        except StoreUnavailable:
            self._keep(group)
        else:
            self._leasing.forget([lease for lease, _ in group])

    def _keep(self, group: Sequence[tuple[Lease, int]]) -> None:
        for lease, due_at in group:
            self._unreleased.setdefault(lease.notification.id, (lease, due_at))


def _letter(outcome: Outcome, now: int) -> bytes:
    lease = outcome.lease
    letter = letter_of(
        lease.notification, reason=outcome.reason, error=outcome.error, attempts=lease.attempts + 1, now=now
    )
    return letter_body(letter)
