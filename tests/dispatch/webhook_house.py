"""What tells webhooks, in memory: queue, book, desk, router, and a caller that does as it is told."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from notifyd.dispatch.webhook_book import WebhookBook
from notifyd.dispatch.webhook_desk import EventRules, WebhookDesk
from notifyd.dispatch.webhook_router import WebhookRouter
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.webhooks.events import EventType
from notifyd.telemetry.metrics import Counters
from tests.dispatch.push_house import LaneQueue
from tests.webhooks.parts import RULES, Caller

if TYPE_CHECKING:
    from notifyd.dispatch.webhook_book import Endpoint
    from notifyd.model.receipt import Receipt
    from notifyd.store.ports import Lane

EVENT_RULES = EventRules(max_waiting=50, expiry_ms=3_600_000, with_data=False, ageing_ms=60_000)


class EventQueue(LaneQueue):
    """The queue, with what the desk and the router ask beside."""

    def size(self, lane: Lane) -> int:
        return self.memory.size(lane)

    def stats(self, *, now: int) -> object:
        return self.memory.stats(now=now)

    async def waiting(self, *, limit: int, client_id: object = None, lane: Lane | None = None) -> list[Receipt]:
        return [entry.receipt() for entry in self.memory.waiting(limit=limit, lane=lane)]


class EventHouse:
    """All of it. Time runs with trio's clock."""

    def __init__(self, *endpoints: Endpoint) -> None:
        self.queue, self.book, self.caller, self.counters = EventQueue(), WebhookBook(), Caller(), Counters()
        self.book.configure(endpoints)
        self.online: set[str] = set()
        self.desk = WebhookDesk(
            self.queue, self.book, EVENT_RULES, self.counters, lambda _, user_id: user_id in self.online
        )
        self.router = WebhookRouter(self.queue, self.book, self.caller, RULES, self.counters)

    def happen(self, count: int = 1) -> None:
        """So many channels fill."""
        for number in range(count):
            self.desk.channel(EventType.OCCUPIED, DEFAULT_CLIENT, f"c{number}")

    def ended(self, name: str = "") -> Counter[str]:
        """How many events ended how, of one webhook or of all."""
        outcomes = self.queue.settled.values()
        return Counter(each.state.value for each in outcomes if name in ("", each.lease.notification.channel))
