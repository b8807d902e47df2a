"""From the queue to the webhooks: lease, call, settle or try again later."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.clock import now_ms
from notifyd.dispatch.consumer import LaneConsumer, LaneRules
from notifyd.dispatch.webhook_line import WebhookLine
from notifyd.dispatch.webhook_sending import WebhookSending
from notifyd.model.notification import State
from notifyd.store.ports import Lane, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.dispatch.consumer import Notes
    from notifyd.dispatch.gate import Gate
    from notifyd.dispatch.webhook_book import WebhookBook
    from notifyd.policy.webhooks.answers import WebhookRules
    from notifyd.store.ports import Lease, QueueStore
    from notifyd.telemetry.metrics import Counters
    from notifyd.webhooks.ports import WebhookCaller

log = structlog.get_logger("notifyd.webhooks")

#: Taken from the queue at once. All that is due is taken, so that a webhook that hangs hides nobody behind it.
_PAGE: Final = 100

#: Beyond what a call may take.
_LEASE_SECONDS: Final = 60.0

#: The most that is looked at in order to count.
_MOST_COUNTED: Final = 1_000_000


class WebhookRouter:
    """The one task of this node that takes events from the queue; each webhook has a line of its own behind it."""

    def __init__(
        self, queue: QueueStore, book: WebhookBook, caller: WebhookCaller, rules: WebhookRules, counters: Counters
    ) -> None:
        self._queue = queue
        self._book = book
        self.rules = rules
        self._counters = counters
        self._sending = WebhookSending(caller, counters)
        self._consumer = LaneConsumer(queue, Lane.WEBHOOK, self, counters)
        self._lines: dict[str, WebhookLine] = {}
        self._nursery: trio.Nursery | None = None

    async def run(self) -> None:
        """Call until cancelled; what was begun gets a moment to finish in, and is told again otherwise."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._consumer.run()

    def note_in(self, notes: Notes) -> None:
        """Have the timelines tell of events that are told again."""
        self._consumer.notes = notes

    def reopen(self, name: str) -> None:
        """Go on with a webhook that was left alone: an operator changed it, or it took a trial."""
        line = self._lines.get(name)
        if line is not None:
            line.reopen()

    async def waiting(self) -> Counter[str]:
        """How many events wait for each webhook, those on the way included. Looks at all of them.

        Raises:
            StoreUnavailable: the broker is away.
        """
        scheduled = await self._queue.waiting(limit=_MOST_COUNTED, lane=Lane.WEBHOOK)
        taken = {name: len(line) for name, line in self._lines.items()}
        return Counter(receipt.channel for receipt in scheduled) + Counter(taken)

    @property
    def lane_rules(self) -> LaneRules:
        """See `LaneWork.lane_rules`."""
        rules = self.rules
        return LaneRules(rules.timeout_seconds + _LEASE_SECONDS, rules.max_attempts, rules.retry_seconds)

    def room(self) -> int:
        """See `LaneWork.room`: what may wait in the queue is bounded."""
        return _PAGE

    def opens_at(self) -> float:
        """See `LaneWork.opens_at`: each line has a gate of its own."""
        return 0.0

    async def deliver(self, leases: Sequence[Lease]) -> None:
        """See `LaneWork.deliver`."""
        assert self._nursery is not None, "it runs"
        for lease in leases:
            line = self._line(lease.notification.channel)
            idle = line.idle
            line.put(lease)
            if idle:
                self._nursery.start_soon(line.run)

    def given_up(self, lease: Lease) -> None:
        """See `LaneWork.given_up`."""
        self._book.figures(lease.notification.channel).dead += 1

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """See `LaneWork.settled`."""

    def _line(self, name: str) -> WebhookLine:
        line = self._lines.get(name)
        if line is None:
            kept = {each: line for each, line in self._lines.items() if self._book.find(each) or not line.idle}
            self._lines = kept
            line = kept[name] = WebhookLine(partial(self._tell, name), self._share, self._paused)
        return line

    def _share(self) -> int:
        return max(1, self.rules.batch_size // max(1, len(self._book)))

    def _paused(self) -> bool:
        return self._queue.stats(now=now_ms()).paused

    async def _tell(self, name: str, lease: Lease, gate: Gate) -> None:
        try:
            ending = await self._attempt(name, lease, gate)
            if isinstance(ending, Outcome):
                await self._consumer.settle([ending])
            else:
                self._consumer.release([lease], due_at=ending, reason=self._book.figures(name).last_reason)
        except Exception:
            log.exception("webhook_fault", webhook=name, notification_id=lease.notification.id)
            await self._consumer.fault([lease])

    async def _attempt(self, name: str, lease: Lease, gate: Gate) -> Outcome | int:
        endpoint, figures = self._book.find(name), self._book.figures(name)
        if endpoint is None:
            error = "no webhook of this name is configured any more"
            return Outcome(lease, State.DEAD, reason="webhook_removed", error=error)
        if lease.notification.expired(now_ms()):
            figures.dropped += 1
            self._counters.webhooks_dropped += 1
            return Outcome(lease, State.EXPIRED)
        return await self._sending.attempt(lease, endpoint, figures, gate, self.rules)
