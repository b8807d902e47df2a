"""From the queue to the push provider: lease, send, settle or try again later."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.clock import now_ms
from notifyd.dispatch.consumer import LaneConsumer, LaneRules
from notifyd.dispatch.event_desk import EventDesk, tell_dead
from notifyd.dispatch.gate import Gate
from notifyd.dispatch.push_sending import PushSending
from notifyd.errors import StoreUnavailable
from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import State
from notifyd.policy.backoff import backoff_seconds
from notifyd.policy.pushing.answers import RetryRules
from notifyd.store.ports import Lane, Lease, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.dispatch.consumer import Notes
    from notifyd.dispatch.push_devices import DeviceBook, PushLedger
    from notifyd.model.device import Device
    from notifyd.model.notification import Notification
    from notifyd.push.ports import PushProvider
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.push")

#: Whether a connection of the user has proven meanwhile that a notification arrived.
Arrived = Callable[[ClientId, UserId, NotificationId], Awaitable[bool]]


class PushRules(RetryRules, frozen=True):
    """The settings of pushing."""

    #: Pushes on the way at once.
    batch_size: int
    #: Above what a push takes at worst: the provider's timeout, and the wait for those before it.
    lease_seconds: float


class PushRouter:
    """The one task of this node that takes pushes from the queue."""

    def __init__(
        self,
        queue: QueueStore,
        devices: DeviceBook,
        ledger: PushLedger,
        provider: PushProvider,
        rules: PushRules,
        counters: Counters,
        arrived: Arrived,
    ) -> None:
        self._devices = devices
        self._ledger = ledger
        self.rules = rules
        self._counters = counters
        self._arrived = arrived
        self._gate = Gate()
        self._sending = PushSending(provider, devices, ledger, self._gate, counters)
        self._consumer = LaneConsumer(queue, Lane.PUSH, self, counters)
        #: Told of dead letters; None where nobody wants to know.
        self.events: EventDesk | None = None

    @property
    def in_flight(self) -> int:
        """Pushes that are being sent."""
        return self._consumer.held

    def paused_seconds(self) -> float:
        """For how long the provider is left alone; 0.0 while it is not."""
        return self._gate.seconds_left(now=trio.current_time())

    async def run(self) -> None:
        """Push until cancelled; what was begun is finished first, which the provider's timeouts bound."""
        await self._consumer.run()

    def note_in(self, notes: Notes) -> None:
        """Have the timelines tell of pushes that are tried again."""
        self._consumer.notes = notes

    @property
    def lane_rules(self) -> LaneRules:
        """See `LaneWork.lane_rules`."""
        return LaneRules(self.rules.lease_seconds, self.rules.max_attempts, self.rules.retry_seconds)

    def room(self) -> int:
        """See `LaneWork.room`."""
        return self._gate.room(self.in_flight, self.rules.batch_size, now=trio.current_time())

    def opens_at(self) -> float:
        """See `LaneWork.opens_at`."""
        return self._gate.opens_at

    async def deliver(self, leases: Sequence[Lease]) -> None:
        """See `LaneWork.deliver`."""
        ready = await self._ready(leases)
        async with trio.open_nursery() as nursery:
            for lease, devices in ready:
                nursery.start_soon(self._push, lease, devices)

    def given_up(self, lease: Lease) -> None:
        """See `LaneWork.given_up`."""
        self._ledger.pushed(lease.notification, pushed=0, failed=1, reason="fault")

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """See `LaneWork.settled`."""
        self._sending.forget(outcome.lease.notification.id for outcome in outcomes)
        tell_dead(self.events, outcomes, now=now_ms())

    async def _push(self, lease: Lease, devices: Sequence[Device]) -> None:
        try:
            ending = await self._sending.attempt(lease, devices, self.rules)
            if isinstance(ending, Outcome):
                await self._consumer.settle([ending])
            else:
                self._release([lease], due_at=ending)
        except Exception:
            log.exception("push_fault", push_id=lease.notification.id, **lease.notification.log_fields())
            await self._consumer.fault([lease])

    async def _ready(self, leases: Sequence[Lease]) -> list[tuple[Lease, Sequence[Device]]]:
        """Those to be sent now, with their devices; the others are dealt with."""
        now, endings = now_ms(), list[Outcome]()
        wanted = [lease for lease in leases if not await self._ended_early(lease, endings, now)]
        found = await self._look_up(wanted, now)
        ready = []
        for lease, devices in found:
            if devices:
                ready.append((lease, devices))
            else:
                self._ledger.pushed(lease.notification, pushed=0, failed=0, reason="no_devices")
                endings.append(Outcome(lease, State.DISPATCHED))
        if endings:
            await self._consumer.settle(endings)
        return ready

    async def _ended_early(self, lease: Lease, endings: list[Outcome], now: int) -> bool:
        push = lease.notification
        if push.expired(now):
            self._ledger.pushed(push, pushed=0, failed=0, reason="expired")
            endings.append(Outcome(lease, State.EXPIRED))
        elif await self._has_arrived(push):
            endings.append(Outcome(lease, State.DISPATCHED))
        else:
            return False
        return True

    async def _has_arrived(self, push: Notification) -> bool:
        """Where that cannot be known it is pushed: better twice than never."""
        try:
            return await self._arrived(push.client_id, push.users[0], push.parent)
        except StoreUnavailable:
            return False

    async def _look_up(self, leases: Sequence[Lease], now: int) -> list[tuple[Lease, Sequence[Device]]]:
        """The devices that each user has at this moment."""
        by_client: defaultdict[ClientId, list[Lease]] = defaultdict(list)
        for lease in leases:
            by_client[lease.notification.client_id].append(lease)
        found: list[tuple[Lease, Sequence[Device]]] = []
        for client_id, group in by_client.items():
            users = list(dict.fromkeys(lease.notification.users[0] for lease in group))
            try:
                devices = await self._devices.of_users(client_id, users)
            except StoreUnavailable as exc:
                self._postpone(group, exc, now)
            else:
                found += [(lease, devices.get(lease.notification.users[0], ())) for lease in group]
        return found

    def _postpone(self, leases: Sequence[Lease], problem: StoreUnavailable, now: int) -> None:
        """The devices cannot be read: what was accepted waits until they can; expiry alone ends it."""
        log.warning("push_devices_unreadable", pushes=len(leases), problem=problem.message)
        for lease in leases:
            seconds = backoff_seconds(lease.attempts + 1, self.rules, chance=random.uniform(0.5, 1))
            self._release([lease], due_at=now + int(seconds * 1000))

    def _release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        self._counters.pushes_retried += len(leases)
        self._consumer.release(leases, due_at=due_at)
