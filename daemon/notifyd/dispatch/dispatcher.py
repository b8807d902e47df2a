"""From the queue to the hub: lease, stamp, deliver, settle."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog
import trio

from notifyd.clock import monotonic, now_ms
from notifyd.dispatch.event_desk import tell_dead
from notifyd.dispatch.resting import LONGEST_REST_MS, RestingStreams
from notifyd.errors import StoreUnavailable
from notifyd.model.notification import MAX_PRIORITY, Kind, State
from notifyd.store.history_ports import StreamsUnavailable
from notifyd.store.ports import Lease, Outcome, QueueStore
from notifyd.telemetry.activity import ChannelRates

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from notifyd.bus.ports import Bus
    from notifyd.dispatch.event_desk import EventDesk
    from notifyd.model.ids import NotificationId, UserId
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication
    from notifyd.store.history_ports import HistoryStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.dispatch")

#: The longest sleep: a wall clock that jumps is noticed after this.
_LONGEST_REST_SECONDS: Final = 30.0
#: The longest wait between two looks for a store that is away, or for a part of it.
LONGEST_AWAY_SECONDS: Final = LONGEST_REST_MS / 1000

#: As labels, so that no notification pays for making one.
_PRIORITIES: Final = tuple(map(str, range(MAX_PRIORITY + 1)))

_FAULT: Final = "the daemon could not dispatch it; its log has the traceback"


class PushDesk(Protocol):
    """Where notifications for users without a connection are handed in."""

    async def offer(self, notification: Notification, user_ids: Sequence[UserId]) -> int:
        """Have the devices of these users pushed; answers how many pushes are kept as safely as it. Never raises."""
        ...


class DispatchRules(msgspec.Struct, frozen=True):
    """The settings of dispatching."""

    batch_size: int
    lease_seconds: float
    #: How long to wait after a store failed, doubling up to the second, and to a second.
    retry_seconds: float
    retry_max_seconds: float
    #: Tries of a notification that fails by itself, whatever the store does.
    max_attempts: int = 3


class Dispatcher:
    """The one task of this node that takes from the queue."""

    def __init__(
        self,
        queue: QueueStore,
        history: HistoryStore,
        bus: Bus,
        rules: DispatchRules,
        counters: Counters,
        push: PushDesk | None = None,
    ) -> None:
        self._queue = queue
        self._history = history
        self._bus = bus
        self.rules = rules
        self._counters = counters
        self._push = push
        #: Told of what reached nobody, and of dead letters; None where nobody wants to know.
        self.events: EventDesk | None = None
        #: How busy the channels are that this node dispatches to.
        self.rates = ChannelRates()
        self._failures = 0
        self._resting = RestingStreams()
        #: The instant for which was leased last.
        self._leased_at = 0
        #: So many of the next ones are dispatched one by one, because one of them fails whatever it is batched with.
        self._suspects = 0

    @property
    def streams_away(self) -> int:
        """Streams that rest, because what they are kept in is away while others can be served."""
        return self._resting.away(now=now_ms())

    async def run(self) -> None:
        """Dispatch until cancelled; a batch that was begun is finished first."""
        while True:
            leases = await self._lease()
            if leases is None:
                await self._back_off()
                continue
            if not leases:
                await self._rest()
                continue
            with trio.CancelScope(shield=True):
                done = await self._try(leases)
            if done:
                self._failures = 0
                await trio.lowlevel.checkpoint_if_cancelled()
            else:
                await self._back_off()

    async def _lease(self) -> list[Lease] | None:
        """None: the store is away."""
        limit = 1 if self._suspects else self.rules.batch_size
        self._leased_at = now_ms()
        try:
            # what was leased is dispatched, whoever wants this to end
            with trio.CancelScope(shield=True):
                leases = await self._queue.lease(
                    limit=limit, lease_seconds=self.rules.lease_seconds, now=self._leased_at
                )
        except StoreUnavailable as exc:
            # the first, the second, the fourth: a store may be away for hours
            if self._failures & (self._failures - 1) == 0:
                log.warning("lease_failed", failures=self._failures + 1, problem=exc.message)
            return None
        self._suspects = max(0, self._suspects - 1)
        return leases

    async def _try(self, leases: Sequence[Lease]) -> bool:
        """Deliver one batch; False when the store is away and the batch was given back."""
        try:
            return await self._dispatch(leases)
        except Exception:
            # A fault of ours that one notification brings out must not keep the others from going on.
            log.exception("dispatch_fault", leases=len(leases), **leases[0].notification.log_fields())
            self._counters.errors += 1
            await self._isolate(leases)
            return True

    async def _isolate(self, leases: Sequence[Lease]) -> None:
        now = now_ms()
        given_up = [lease for lease in leases if lease.attempts + 1 >= self.rules.max_attempts]
        again = [lease for lease in leases if lease.attempts + 1 < self.rules.max_attempts]
        if given_up:
            outcomes = [Outcome(lease, State.DEAD, reason="fault", error=_FAULT) for lease in given_up]
            await self._settle(outcomes, now)
            tell_dead(self.events, outcomes, now=now)
        self._queue.release(again, due_at=now)
        self._suspects = len(again)
        self._counters.dead += len(given_up)
        self._counters.retried += len(again)

    async def _rest(self) -> None:
        due_at = self._queue.next_due_at(now=now_ms())
        seconds = _LONGEST_REST_SECONDS if due_at is None else (due_at - now_ms()) / 1000
        with trio.move_on_after(min(max(seconds, 0.001), _LONGEST_REST_SECONDS)):
            await self._queue.wait_for_work()

    async def _dispatch(self, leases: Sequence[Lease]) -> bool:
        now, begun = now_ms(), monotonic()
        expired = [lease for lease in leases if lease.notification.expired(now)]
        live = [lease for lease in leases if not lease.notification.expired(now)] if expired else leases
        try:
            stamped, publications = await self._stamp(live, now=now)
            delivered = await self._bus.deliver(publications) if stamped else []
        except StoreUnavailable as exc:
            # those that rest were given back already
            left = [*expired, *self._resting.split(live, leased_at=self._leased_at).going]
            self._counters.retried += len(left)
            log.warning("dispatch_failed", leases=len(left), problem=exc.message)
            self._queue.release(left, due_at=now)
            return False
        self._time(stamped, now, monotonic() - begun)
        outcomes = [Outcome(lease, State.EXPIRED) for lease in expired]
        outcomes += outcomes_of(stamped, publications, delivered)
        pushed = await self._offer(self._push, outcomes) if self._push is not None else frozenset()
        if self.events is not None:
            _tell_unreached(self.events, outcomes, pushed)
        await self._settle(outcomes, now)
        self._counters.expired += len(expired)
        self._counters.dispatched += len(stamped)
        self._rate(stamped)
        return True

    async def _stamp(self, leases: Sequence[Lease], *, now: int) -> tuple[Sequence[Lease], Sequence[Publication]]:
        """Those among *leases* that have got their places, and these; the streams of the others rest."""
        leases = self._let_rest(leases)
        while leases:
            try:
                publications = await self._history.append(leases, now=now)
            except StreamsUnavailable as exc:
                self._note_away(exc)
                left = self._let_rest(leases)
                if len(left) == len(leases):
                    raise
                leases = left
            else:
                self._resting.worked(leases)
                return leases, publications
        return (), ()

    def _note_away(self, away: StreamsUnavailable) -> None:
        fresh = self._resting.failed(away.streams, now=now_ms(), first_ms=int(self.rules.retry_seconds * 1000))
        # each is told once, however long it is away
        if fresh:
            log.warning("streams_away", streams=fresh, problem=away.message)

    def _let_rest(self, leases: Sequence[Lease]) -> Sequence[Lease]:
        """Give those back whose streams rest; answers the others."""
        going, resting = self._resting.split(leases, leased_at=self._leased_at)
        for due_at, share in resting.items():
            self._counters.retried += len(share)
            self._queue.release(share, due_at=due_at)
        return going

    def _time(self, leases: Sequence[Lease], leased_at: int, seconds: float) -> None:
        """Note how long these waited, and that their batch took *seconds*."""
        times, done_at = self._counters.times, now_ms()
        times.dispatch.observe(seconds)
        times.dispatch_batch.observe(len(leases))
        # of a burst many are alike, and counting costs less than noting each
        alike: dict[tuple[int, int], int] = {}
        for lease in leases:
            key = (lease.notification.priority, lease.notification.due_at)
            alike[key] = alike.get(key, 0) + 1
        for (priority, due_at), count in alike.items():
            times.queue_wait.of(_PRIORITIES[priority]).observe((leased_at - due_at) / 1000, count)
            times.delivery.observe((done_at - due_at) / 1000, count)

    def _rate(self, leases: Sequence[Lease]) -> None:
        now = monotonic()
        for lease in leases:
            notification = lease.notification
            if notification.kind is Kind.CHANNEL:
                self.rates.count((notification.client_id, notification.channel), now=now)

    async def _offer(self, desk: PushDesk, outcomes: Sequence[Outcome]) -> Collection[NotificationId]:
        """Have those pushed who had no connection, together, so that they share a commit; answers what is pushed."""
        pushed: set[NotificationId] = set()

        async def offer(notification: Notification, user_ids: Sequence[UserId]) -> None:
            if await desk.offer(notification, user_ids):
                pushed.add(notification.id)

        async with trio.open_nursery() as nursery:
            for outcome in outcomes:
                offline = [user for user, count in (outcome.by_user or {}).items() if not count]
                if offline:
                    nursery.start_soon(offer, outcome.lease.notification, offline)
        return pushed

    async def _settle(self, outcomes: Sequence[Outcome], now: int) -> None:
        try:
            await self._queue.settle(outcomes, now=now)
        except StoreUnavailable as exc:
            # They were delivered. The lease runs out and they are done again: at least once.
            log.warning("settle_failed", outcomes=len(outcomes), problem=exc.message)

    async def _back_off(self) -> None:
        """The store is away: what was accepted waits until it is back; expiry alone ends it."""
        self._failures += 1
        doubled = self.rules.retry_seconds * 2 ** min(self._failures - 1, 30)
        seconds = min(doubled, self.rules.retry_max_seconds, LONGEST_AWAY_SECONDS)
        await trio.sleep(random.uniform(seconds / 2, seconds))


def _tell_unreached(events: EventDesk, outcomes: Sequence[Outcome], pushed: Collection[NotificationId]) -> None:
    for outcome in outcomes:
        if not outcome.delivered and outcome.lease.notification.id not in pushed:
            events.unreached(outcome.lease.notification, outcome.state, len(outcome.by_user or ()))


def outcomes_of(
    leases: Sequence[Lease], publications: Sequence[Publication], delivered: Sequence[int]
) -> list[Outcome]:
    """How each dispatch ended.

    The publications of one lease stand together. Only one to users has several, or none where they were forgotten.
    """
    counted = list(zip(publications, delivered, strict=True))
    outcomes: list[Outcome] = []
    start = 0
    for lease in leases:
        end = start
        while end < len(counted) and counted[end][0].notification.id == lease.notification.id:
            end += 1
        outcomes.append(_outcome_of(lease, counted[start:end]))
        start = end
    return outcomes


def _outcome_of(lease: Lease, counted: Sequence[tuple[Publication, int]]) -> Outcome:
    total = sum([count for _, count in counted])
    if lease.notification.kind is not Kind.USERS:
        return Outcome(lease, State.DISPATCHED, total)
    by_user = {publication.user_id: count for publication, count in counted if publication.user_id}
    return Outcome(lease, State.DISPATCHED, total, by_user=by_user)
