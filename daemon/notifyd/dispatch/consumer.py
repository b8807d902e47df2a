"""What takes from one lane of the queue: lease, hand out, and give back as settled or to be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog
import trio

from notifyd.clock import now_ms
from notifyd.dispatch.dispatcher import LONGEST_AWAY_SECONDS
from notifyd.errors import StoreUnavailable
from notifyd.model.ids import UserId
from notifyd.model.notification import Kind, State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.store.ports import Lane, Lease, QueueStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.dispatch")

#: The longest sleep: a wall clock that jumps is noticed after this.
_LONGEST_REST_SECONDS: Final = 30.0


class LaneRules(msgspec.Struct, frozen=True):
    """The settings of a consumer."""

    #: Above what one delivery takes at worst, and the wait for those before it.
    lease_seconds: float
    #: What a fault of the daemon itself costs: tries, and the wait between them.
    max_attempts: int
    retry_seconds: float


class Notes(Protocol):
    """Where receipts get their timelines; a part of `ReceiptStore`."""

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        """See `ReceiptStore.note`."""
        ...


class LaneWork(Protocol):
    """What is done with what a consumer takes."""

    @property
    def lane_rules(self) -> LaneRules:
        """Those in force."""
        ...

    def room(self) -> int:
        """How many more may be taken now."""
        ...

    def opens_at(self) -> float:
        """Before this moment (monotonic seconds) there is no room, whatever is given back; may be past."""
        ...

    async def deliver(self, leases: Sequence[Lease]) -> None:
        """Deal with *leases*; each is in the end given to `settle`, `release` or `fault` of the consumer.

        Runs shielded from cancellation, so it has to be bounded. What it raises is a fault of those not given back.
        """
        ...

    def given_up(self, lease: Lease) -> None:
        """A fault of ours is the end of this one."""
        ...

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """The store knows how these ended."""
        ...


class LaneConsumer:
    """The one task of this node that takes from a lane, and what it holds of it."""

    def __init__(self, queue: QueueStore, lane: Lane, work: LaneWork, counters: Counters) -> None:
        self._queue = queue
        self._lane = lane
        self._work = work
        self._counters = counters
        self._held: dict[NotificationId, Lease] = {}
        #: Told of tries that are made again; None: nobody keeps that.
        self.notes: Notes | None = None
        self._freed = trio.Event()

    @property
    def held(self) -> int:
        """How many were taken and not given back."""
        return len(self._held)

    async def run(self) -> None:
        """Consume until cancelled; what was begun is finished first."""
        async with trio.open_nursery() as nursery:
            while True:
                leases = await self._lease()
                if leases is None:
                    await trio.sleep(min(self._work.lane_rules.retry_seconds, LONGEST_AWAY_SECONDS))
                elif leases:
                    nursery.start_soon(self._deliver, leases)
                    await trio.lowlevel.checkpoint()
                else:
                    await self._rest()

    async def _lease(self) -> list[Lease] | None:
        """What is new; a lease that ran out while its work goes on is taken again and changes nothing else.

        None: the store is away.
        """
        while room := self._work.room():
            seconds = self._work.lane_rules.lease_seconds
            try:
                with trio.CancelScope(shield=True):
                    leases = await self._queue.lease(limit=room, lease_seconds=seconds, now=now_ms(), lane=self._lane)
            except StoreUnavailable as exc:
                log.warning("lane_lease_failed", lane=self._lane.value, problem=exc.message)
                return None
            fresh = [lease for lease in leases if lease.notification.id not in self._held]
            self._held.update((lease.notification.id, lease) for lease in leases)
            if fresh or not leases:
                return fresh
        return []

    async def _rest(self) -> None:
        """Wait until there may be something to do: the gate opens, there is room, or there is work."""
        if trio.current_time() < self._work.opens_at():
            await trio.sleep_until(self._work.opens_at())
        elif not self._work.room():
            self._freed = trio.Event()
            await self._freed.wait()
        else:
            due_at = self._queue.next_due_at(now=now_ms(), lane=self._lane)
            seconds = _LONGEST_REST_SECONDS if due_at is None else (due_at - now_ms()) / 1000
            with trio.move_on_after(min(max(seconds, 0.001), _LONGEST_REST_SECONDS)):
                await self._queue.wait_for_work(self._lane)

    async def _deliver(self, leases: Sequence[Lease]) -> None:
        with trio.CancelScope(shield=True):
            try:
                await self._work.deliver(leases)
            except Exception:
                log.exception("delivery_fault", lane=self._lane.value, leases=len(leases))
                await self.fault([lease for lease in leases if lease.notification.id in self._held])

    async def fault(self, leases: Sequence[Lease]) -> None:
        """A fault of ours that one brings out must neither end the daemon nor be brought out for ever."""
        self._counters.errors += 1
        rules = self._work.lane_rules
        dead = [lease for lease in leases if lease.attempts + 1 >= rules.max_attempts]
        again = [lease for lease in leases if lease.attempts + 1 < rules.max_attempts]
        for lease in dead:
            self._work.given_up(lease)
        if dead:
            error = "the daemon could not deal with it; its log has the traceback"
            await self.settle([Outcome(lease, State.DEAD, reason="fault", error=error) for lease in dead])
        self.release(again, due_at=now_ms() + int(rules.retry_seconds * 1000))

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """These are done with. Never raises: what the store does not take comes again when its lease is over."""
        newest = [msgspec.structs.replace(outcome, lease=self._newest(outcome.lease)) for outcome in outcomes]
        try:
            await self._queue.settle(newest, now=now_ms())
        except StoreUnavailable as exc:
            log.warning("lane_settle_failed", lane=self._lane.value, outcomes=len(outcomes), problem=exc.message)
        else:
            self._work.settled(outcomes)
        self._counters.dead += sum(outcome.state is State.DEAD for outcome in outcomes)
        self._free(outcome.lease for outcome in outcomes)

    def release(self, leases: Sequence[Lease], *, due_at: int, reason: str = "") -> None:
        """These are tried again from *due_at* (milliseconds) on; *reason* is a word for why."""
        for lease in leases:
            self._note(lease, reason)
        self._queue.release([self._newest(lease) for lease in leases], due_at=due_at)
        self._free(leases)

    def _note(self, lease: Lease, reason: str) -> None:
        notification = lease.notification
        if self.notes is None or not notification.parent:
            return
        user_id = notification.users[0] if notification.kind is Kind.PUSH else UserId("")
        receiver = notification.channel if notification.kind is Kind.WEBHOOK else ""
        event = TimelineEvent(now_ms(), Happening.RETRIED, user_id, receiver, lease.attempts + 1, reason)
        self.notes.note(notification.parent, event)

    def _newest(self, lease: Lease) -> Lease:
        return self._held.get(lease.notification.id, lease)

    def _free(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            self._held.pop(lease.notification.id, None)
        self._freed.set()
