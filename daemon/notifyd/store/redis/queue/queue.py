"""The queue in Redis: shared by all nodes, each shard of it seen to by one at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.errors import Invalid, StoreUnavailable
from notifyd.model.dead_letter import Stage
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.dead_letters import letter_of
from notifyd.store.memory.doorbell import Doorbell
from notifyd.store.ports import Accepted, Lane
from notifyd.store.redis.queue.figures import Figures
from notifyd.store.redis.queue.idempotency import IdempotencyKeys
from notifyd.store.redis.queue.intake import AGAIN, NEW, Intake
from notifyd.store.redis.queue.leasing import Leasing
from notifyd.store.redis.queue.operator import Operator
from notifyd.store.redis.queue.ownership import Ownership
from notifyd.store.redis.queue.room import Load, Room
from notifyd.store.redis.queue.settling import Settling
from notifyd.store.redis.queue.withdrawing import Withdrawing
from notifyd.store.redis.shards import answer_to
from notifyd.store.redis.ticket import Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notifyd.errors import NotifydError
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication
    from notifyd.store.options import BrokerLimits
    from notifyd.store.ports import IdempotencyKey, Lease, Outcome, Pending
    from notifyd.store.redis.receipts.receipts import RedisReceipts
    from notifyd.store.redis.shards import Shards
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.store")

#: So often this node tells that it sees to its shards, and has a look at all of them; more often where it has to.
_TICK_SECONDS: Final = 1.0
#: So many times in the time after which a silent node has lost them.
_TICKS: Final = 4
_GOODBYE_SECONDS: Final = 2.0

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_LIVE: Final = Lane.LIVE
_USERS: Final = Kind.USERS
_DEAD: Final = State.DEAD


class RedisQueue:
    """A `QueueStore` in Redis. Run it, or nothing is known of what other nodes do, and no shard is kept."""

    def __init__(
        self,
        shards: Shards,
        receipts: RedisReceipts,
        limits: BrokerLimits,
        counters: Counters,
        *,
        clock: Callable[[], int],
        timeout_seconds: float = 4.0,
    ) -> None:
        """*timeout_seconds*: a node that does not tell for so long that it sees to its shards has lost them."""
        self._shards = shards
        self._receipts = receipts
        self._clock = clock
        room = Room(shards.count, limits.queue)
        self._room = room
        self._tick_seconds = min(_TICK_SECONDS, timeout_seconds / _TICKS)
        self._bell = Doorbell()
        self.ownership = Ownership(shards, room, timeout_seconds=timeout_seconds)
        self._intake = Intake(shards, self.ownership, room, counters)
        self._leasing = Leasing(shards, self.ownership, room)
        self._settling = Settling(shards, self.ownership, self._leasing, room, limits.receipts)
        self._withdrawing = Withdrawing(shards, room, limits.receipts)
        operator = Operator(shards, receipts, self._withdrawing, self.ownership)
        self._keys = IdempotencyKeys(shards, self._intake, counters, max_count=limits.max_idempotency_keys)
        self._figures = Figures(shards, self.ownership, room, clock=clock)
        #: Told how leased notifications ended, once that is recorded.
        self.on_settled: Callable[[Sequence[Outcome]], None] = lambda outcomes: None
        receipts.attach(self._figures, self.ownership, self._leasing)
        self.cancel = operator.cancel
        self.clear = operator.clear
        self.waiting = self._withdrawing.waiting
        self.pause = operator.pause
        self.resume = operator.resume
        self.stats = self._figures.stats
        self.size = self._figures.size

    # in

    def enqueue(
        self, notifications: Sequence[Notification], *, now: int, idempotency: IdempotencyKey | None = None
    ) -> Sequence[Pending]:
        """See `QueueStore.enqueue`.

        Those of several shards are taken in by each of them. Where one has no room and another took its part, the rest
        is taken in as well: over the bound by a part of one batch.
        """
        if idempotency is None:
            return self._take(notifications, NEW)
        if len(notifications) != 1:
            raise Invalid("an idempotency key goes with exactly one notification")
        return (self._keys.enqueue(notifications[0], idempotency, now=now),)

    def check_room(self, number: int) -> None:
        """See `QueueStore.check_room`."""
        self._room.check(Load(number))

    def again(self, notifications: Sequence[Notification], now: int) -> Sequence[Pending]:
        """As `enqueue`, once more: the receipts of those that were settled begin anew, and they count once."""
        return self._take(notifications, AGAIN)

    def recall(self, idempotency: IdempotencyKey, otherwise: NotifydError, *, now: int) -> Pending:
        """See `QueueStore.recall`."""
        return self._keys.recall(idempotency, otherwise, now=now)

    def _take(self, notifications: Sequence[Notification], mode: str) -> Sequence[Pending]:
        arrival = self._intake.take(notifications, mode)
        return [Taken(arrival, Accepted(notification.id)) for notification in notifications]

    # out

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane = _LIVE) -> list[Lease]:
        """See `QueueStore.lease`."""
        # first, or what came after what could not be given back yet would overtake it
        self._settling.give_back()
        return await self._leasing.lease(limit=limit, lease_seconds=lease_seconds, now=now, lane=lane)

    def next_due_at(self, *, now: int, lane: Lane = _LIVE) -> int | None:
        """See `QueueStore.next_due_at`."""
        return self.ownership.due_at(lane, now)

    async def wait_for_work(self, lane: Lane = _LIVE) -> None:
        """See `QueueStore.wait_for_work`."""
        await self.ownership.bells[lane].wait()

    def placed(self, publications: Sequence[Publication], *, now: int) -> None:
        """These have got their places in their streams: their receipts tell them, and they are dispatched first."""
        self._leasing.placed(publications, now=now)

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> None:
        """See `QueueStore.settle`.

        Raises:
            StoreUnavailable: it is not known of all whether they were recorded. That is tried again; whose lease runs
                out before comes again.
        """
        await self._tell_reached(outcomes)
        settled = await self._settling.settle(outcomes, now=now)
        self._tell_settled(settled.ended, now)
        self.ownership.hand_over(now=now)
        if settled.failure is not None:
            raise settled.failure

    async def _tell_reached(self, outcomes: Sequence[Outcome]) -> None:
        """Before it is settled: whoever sees on any node that it was dispatched sees what became of its users."""
        to_users = [outcome for outcome in outcomes if outcome.lease.notification.kind is _USERS]
        for outcome in to_users:
            self._receipts.reached(outcome.lease.notification, outcome.by_user or {})
        if to_users:
            await self._receipts.handed_in()

    def _tell_settled(self, ended: Sequence[Outcome], now: int) -> None:
        receipts = self._receipts
        for outcome in ended:
            if outcome.state is _DEAD:
                self._tell_dead(outcome, now)
        receipts.bells.ring_all([outcome.lease.notification.id for outcome in ended])
        if ended:
            self.on_settled(ended)

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        """See `QueueStore.release`."""
        self._settling.release(leases, due_at=due_at)
        self._receipts.bells.ring_all([lease.notification.id for lease in leases])

    def _tell_dead(self, outcome: Outcome, now: int) -> None:
        attempts = outcome.lease.attempts + 1
        notification = outcome.lease.notification
        letter = letter_of(notification, reason=outcome.reason, error="", attempts=attempts, now=now)
        receiver = notification.channel if letter.stage is Stage.WEBHOOK else ""
        event = TimelineEvent(now, Happening.DEAD, letter.user_id, receiver, attempts, outcome.reason)
        self._receipts.note(letter.notification_id, event)

    # figures and upkeep

    def idempotency_keys(self) -> int:
        """See `QueueStore.idempotency_keys`."""
        return len(self._keys)

    async def look(self) -> None:
        """Have all figures as they are now. Raises StoreUnavailable."""
        self._receipts.flush()
        await self._keys.tell()
        await self._keys.look()
        await self._figures.look()

    def reconsider(self) -> None:
        """Other nodes take work now than did: see at once who sees to which shard."""
        self._bell.ring()

    async def run(self) -> None:
        """See to this node's shards until cancelled, then let others do that."""
        try:
            while True:
                with suppress(StoreUnavailable):
                    await self._tick()
                with trio.move_on_after(self._tick_seconds):
                    await self._bell.wait()
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(_GOODBYE_SECONDS):
                await self._say_goodbye()

    async def _tick(self) -> None:
        now = self._clock()
        await self.ownership.keep(now=now)
        self._settling.give_back()
        self._tell_settled(await self._settling.settle_again(), now)
        self._leasing.forget_lost(now=now)
        await self.look()
        if 0 in self.ownership.owned():
            await self._keys.trim(now=now)

    async def _say_goodbye(self) -> None:
        self.ownership.stop_following()
        with suppress(StoreUnavailable):
            for reply in self.ownership.give_all_back(now=self._clock()):
                await answer_to(reply)
            await self._keys.tell()

    def configure(self, limits: BrokerLimits) -> None:
        """Use other bounds from now on."""
        self._room.limits = limits.queue
        self._settling.limits = self._withdrawing.limits = limits.receipts
        self._keys.max_count = limits.max_idempotency_keys
