"""From the queue to the push provider: lease, send, settle or try again later."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.clock import now_ms
from notifyd.dispatch.push_gate import PushGate
from notifyd.dispatch.push_sending import PushSending
from notifyd.errors import StoreUnavailable
from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import State
from notifyd.policy.backoff import backoff_seconds
from notifyd.policy.pushing import RetryRules
from notifyd.store.ports import Lane, Lease, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.dispatch.push_devices import DeviceBook, PushLedger
    from notifyd.model.device import Device
    from notifyd.push.ports import PushProvider
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.push")

#: The longest sleep: a wall clock that jumps is noticed after this.
_LONGEST_REST_SECONDS: Final = 30.0

#: Whether a connection of the user has proven meanwhile that a notification arrived.
Arrived = Callable[[ClientId, UserId, NotificationId], bool]


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
        self._queue = queue
        self._devices = devices
        self._ledger = ledger
        self.rules = rules
        self._counters = counters
        self._arrived = arrived
        self._gate = PushGate()
        self._sending = PushSending(provider, devices, ledger, self._gate, counters)
        self._held: dict[NotificationId, Lease] = {}
        self._freed = trio.Event()

    @property
    def in_flight(self) -> int:
        """Pushes that are being sent."""
        return len(self._held)

    def paused_seconds(self) -> float:
        """For how long the provider is left alone; 0.0 while it is not."""
        return self._gate.seconds_left(now=trio.current_time())

    async def run(self) -> None:
        """Push until cancelled; what was begun is finished first, which the provider's timeouts bound."""
        async with trio.open_nursery() as nursery:
            while True:
                leases = self._lease()
                if leases:
                    nursery.start_soon(self._deliver, leases)
                    await trio.lowlevel.checkpoint()
                else:
                    await self._rest()

    def _lease(self) -> list[Lease]:
        room = self._room()
        if not room:
            return []
        seconds = self.rules.lease_seconds
        leases = self._queue.lease(limit=room, lease_seconds=seconds, now=now_ms(), lane=Lane.PUSH)
        self._held.update((lease.notification.id, lease) for lease in leases)
        return leases

    def _room(self) -> int:
        return self._gate.room(self.in_flight, self.rules.batch_size, now=trio.current_time())

    async def _rest(self) -> None:
        """Wait until there may be something to do: the gate opens, there is room, or there is work."""
        if trio.current_time() < self._gate.opens_at:
            await trio.sleep_until(self._gate.opens_at)
        elif not self._room():
            self._freed = trio.Event()
            await self._freed.wait()
        else:
            due_at = self._queue.next_due_at(now=now_ms(), lane=Lane.PUSH)
            seconds = _LONGEST_REST_SECONDS if due_at is None else (due_at - now_ms()) / 1000
            with trio.move_on_after(min(max(seconds, 0.001), _LONGEST_REST_SECONDS)):
                await self._queue.wait_for_work(Lane.PUSH)

    async def _deliver(self, leases: Sequence[Lease]) -> None:
        with trio.CancelScope(shield=True):
            try:
                ready = await self._ready(leases)
            except Exception:
                log.exception("push_fault", pushes=len(leases))
                await self._fault([lease for lease in leases if lease.notification.id in self._held])
                return
            async with trio.open_nursery() as nursery:
                for lease, devices in ready:
                    nursery.start_soon(self._push, lease, devices)

    async def _push(self, lease: Lease, devices: Sequence[Device]) -> None:
        try:
            ending = await self._sending.attempt(lease, devices, self.rules)
            if isinstance(ending, Outcome):
                await self._settle([ending])
            else:
                self._release([lease], due_at=ending)
        except Exception:
            log.exception("push_fault", push_id=lease.notification.id)
            await self._fault([lease])

    async def _ready(self, leases: Sequence[Lease]) -> list[tuple[Lease, Sequence[Device]]]:
        """Those to be sent now, with their devices; the others are dealt with."""
        now, endings = now_ms(), list[Outcome]()
        wanted = [lease for lease in leases if not self._ended_early(lease, endings, now)]
        found = await self._look_up(wanted, now)
        ready = []
        for lease, devices in found:
            if devices:
                ready.append((lease, devices))
            else:
                self._ledger.pushed(lease.notification, pushed=0, failed=0, reason="no_devices")
                endings.append(Outcome(lease, State.DISPATCHED))
        if endings:
            await self._settle(endings)
        return ready

    def _ended_early(self, lease: Lease, endings: list[Outcome], now: int) -> bool:
        push = lease.notification
        if push.expired(now):
            self._ledger.pushed(push, pushed=0, failed=0, reason="expired")
            endings.append(Outcome(lease, State.EXPIRED))
        elif self._arrived(push.client_id, push.users[0], push.parent):
            endings.append(Outcome(lease, State.DISPATCHED))
        else:
            return False
        return True

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

    async def _fault(self, leases: Sequence[Lease]) -> None:
        """A fault of ours that a push brings out must neither end the daemon nor be brought out for ever."""
        self._counters.errors += 1
        dead = [lease for lease in leases if lease.attempts + 1 >= self.rules.max_attempts]
        again = [lease for lease in leases if lease.attempts + 1 < self.rules.max_attempts]
        for lease in dead:
            self._ledger.pushed(lease.notification, pushed=0, failed=1, reason="fault")
        await self._settle([Outcome(lease, State.DEAD, reason="fault") for lease in dead])
        self._release(again, due_at=now_ms() + int(self.rules.retry_seconds * 1000))

    async def _settle(self, outcomes: Sequence[Outcome]) -> None:
        try:
            await self._queue.settle(outcomes, now=now_ms())
        except StoreUnavailable as exc:
            # the lease runs out and they are pushed again; what this node remembers spares the devices that had them
            log.warning("push_settle_failed", outcomes=len(outcomes), problem=exc.message)
        else:
            self._sending.forget(outcome.lease.notification.id for outcome in outcomes)
        self._counters.dead += sum(outcome.state is State.DEAD for outcome in outcomes)
        self._free(outcome.lease for outcome in outcomes)

    def _release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        self._queue.release(leases, due_at=due_at)
        self._counters.pushes_retried += len(leases)
        self._free(leases)

    def _free(self, leases: Iterable[Lease]) -> None:
        for lease in leases:
            self._held.pop(lease.notification.id, None)
        self._freed.set()
