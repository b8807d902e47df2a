"""What a push router stands on, in memory: queue, devices, receipts, and a provider that does as it is told."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import trio

from notifyd.clock import now_ms
from notifyd.dispatch.push_desk import PushDesk
from notifyd.dispatch.push_router import PushRouter, PushRules
from notifyd.errors import StoreUnavailable
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, DeviceId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification
from notifyd.policy.pushing.answers import SendResult
from notifyd.store.memory.queue import MemoryQueue
from notifyd.store.options import QueueLimits
from notifyd.store.ports import Accepted, Lane, Lease, Outcome
from notifyd.telemetry.metrics import Counters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.policy.pushing.content import PushMessage

ANN, BOB = UserId("ann"), UserId("bob")
RULES = PushRules(
    max_attempts=3, retry_seconds=1, retry_max_seconds=8, max_retry_after_seconds=600, batch_size=10, lease_seconds=60
)
OK = SendResult(200)
DEAD = SendResult(404, "UNREGISTERED")
DOWN = SendResult(503, "UNAVAILABLE")
SENDER = SendResult(403, "SENDER_ID_MISMATCH")
UNREACHABLE = SendResult(0, "unreachable")


def quota(retry_after: str = "") -> SendResult:
    return SendResult(429, "QUOTA_EXCEEDED", "Quota exceeded", retry_after)


class Kept:
    """An enqueue that is on the disk, or could not get there."""

    def __init__(self, accepted: Accepted, *, lost: bool) -> None:
        self._accepted = accepted
        self._lost = lost

    def done(self) -> bool:
        return True

    async def result(self) -> Accepted:
        await trio.lowlevel.checkpoint()
        if self._lost:
            raise StoreUnavailable("the disk is full")
        return self._accepted


class LaneQueue:
    """The queue of the engines, without a journal; keeps what became of everything."""

    def __init__(self, max_size: int = 10_000) -> None:
        self.memory = MemoryQueue(QueueLimits(max_size=max_size))
        self.settled: dict[NotificationId, Outcome] = {}
        self.pushes: list[Notification] = []
        self.losing = self.away = False

    def enqueue(self, notifications: Sequence[Notification], *, now: int, idempotency: object = None) -> list[Kept]:
        entries = self.memory.admit(notifications)
        if not self.losing:
            self.memory.push(entries)
        self.pushes += notifications
        return [Kept(Accepted(each.id), lost=self.losing) for each in notifications]

    async def lease(self, *, limit: int, lease_seconds: float, now: int, lane: Lane = Lane.LIVE) -> list[Lease]:
        return self.memory.lease(limit=limit, lease_seconds=lease_seconds, now=now, lane=lane)

    def next_due_at(self, *, now: int, lane: Lane = Lane.LIVE) -> int | None:
        return self.memory.next_due_at(now=now, lane=lane)

    async def wait_for_work(self, lane: Lane = Lane.LIVE) -> None:
        await self.memory.wait_for_work(lane)

    async def settle(self, outcomes: Sequence[Outcome], *, now: int) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("the disk is full")
        for outcome in outcomes:
            if self.memory.settle(outcome.lease):
                self.settled[outcome.lease.notification.id] = outcome

    def release(self, leases: Sequence[Lease], *, due_at: int) -> None:
        for lease in leases:
            self.memory.release(lease, due_at=due_at)


class Book:
    """Devices of one client."""

    def __init__(self) -> None:
        self.tokens: defaultdict[UserId, list[str]] = defaultdict(list)
        self.removed: list[str] = []
        self.away = False
        self.lookups = 0

    async def of_users(self, client_id: ClientId, user_ids: Sequence[UserId]) -> dict[UserId, list[Device]]:
        await trio.lowlevel.checkpoint()
        self.lookups += 1
        if self.away:
            raise StoreUnavailable("the records are away")
        return {user: [_device(user, token) for token in self.tokens[user]] for user in user_ids if self.tokens[user]}

    async def remove_token(self, client_id: ClientId, token: str) -> bool:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreUnavailable("the records are away")
        self.removed.append(token)
        for tokens in self.tokens.values():
            if token in tokens:
                tokens.remove(token)
        return True


def _device(user: UserId, token: str) -> Device:
    return Device(DeviceId(f"dev-{token}"), DEFAULT_CLIENT, user, token, created_at=0, seen_at=0)


class Provider:
    """Answers each token from its script, then with the last answer of it, and keeps when it was asked."""

    def __init__(self) -> None:
        self.scripts: dict[str, list[SendResult | Exception]] = {}
        self.at: defaultdict[str, list[float]] = defaultdict(list)
        self.messages: list[PushMessage] = []
        self.busy = self.peak = 0
        self.seconds = 0.0

    def script(self, token: str, *answers: SendResult | Exception) -> None:
        self.scripts[token] = list(answers)

    @property
    def calls(self) -> Counter[str]:
        return Counter({token: len(times) for token, times in self.at.items()})

    async def send(self, messages: Sequence[PushMessage]) -> list[SendResult]:
        assert messages
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        self.messages += messages
        for message in messages:
            self.at[message.token].append(trio.current_time())
        await trio.sleep(self.seconds)
        self.busy -= 1
        return [self._answer(message.token) for message in messages]

    async def close(self) -> None:
        await trio.lowlevel.checkpoint()

    def _answer(self, token: str) -> SendResult:
        script = self.scripts.get(token, [OK])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class House:
    """All of it. Time runs with trio's clock."""

    def __init__(self, rules: PushRules = RULES) -> None:
        self.queue, self.book, self.provider, self.counters = LaneQueue(), Book(), Provider(), Counters()
        #: What receipts were told: (user, pushed, failed, reason).
        self.told: list[tuple[str, int, int, str]] = []
        #: Notifications that arrived meanwhile.
        self.arrived: set[NotificationId] = set()
        self.router = PushRouter(
            self.queue, self.book, self, self.provider, rules, self.counters,
            self.has_arrived,
        )  # fmt: skip
        self.online: set[str] = set()
        self.desk = PushDesk(
            self.queue, self.book, self, self.counters, lambda _, user_id: user_id in self.online, ageing_ms=60_000
        )
        self._numbers = 0

    async def has_arrived(self, client_id: object, user_id: object, notification_id: NotificationId) -> bool:
        return notification_id in self.arrived

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        assert push.parent
        self.told.append((push.users[0], pushed, failed, reason))

    def notification(self, *users: UserId, ttl: float = 3600, **fields: Any) -> Notification:
        self._numbers += 1
        now = now_ms()
        values: dict[str, Any] = {
            "id": NotificationId(f"n{self._numbers}"), "client_id": DEFAULT_CLIENT, "kind": Kind.USERS, "channel": "",
            "data": b'{"title":"Hello"}', "metadata": b"", "priority": 5, "accepted_at": now, "due_at": now,
            "expires_at": now + int(ttl * 1000), "order_key": 0, "users": users, "submitted_by": "key_1",
        }  # fmt: skip
        return Notification(**values | fields)

    async def offer(self, *users: UserId, **fields: Any) -> NotificationId:
        """Have a notification to *users* pushed; answers its id."""
        notification = self.notification(*users, **fields)
        await self.desk.offer(notification, users)
        return notification.id

    def outcome(self) -> tuple[str, int, str]:
        """How the one push ended: state, delivered, reason."""
        (outcome,) = self.queue.settled.values()
        return outcome.state.value, outcome.delivered, outcome.reason

    def outcomes(self) -> Counter[str]:
        """How many ended how."""
        return Counter(outcome.state.value for outcome in self.queue.settled.values())


class Clock:
    """Wall time that runs with trio's clock."""

    def __init__(self) -> None:
        self._start_ns = time.time_ns()
        self._start = trio.current_time()

    def __call__(self) -> int:
        return self._start_ns + int((trio.current_time() - self._start) * 1_000_000_000)
