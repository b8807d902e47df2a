"""The daemon's side of a queue: the thread that takes jobs, its leash, and the way of each job through the desk."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.bridge.asyncio_host import AsyncioHost
from notifyd.clock import monotonic
from notifyd.ingress.bullmq.desk import JobDesk
from notifyd.ingress.bullmq.offers import Verdict

if TYPE_CHECKING:
    from notifyd.ingress.bullmq.offers import Offer, Tally
    from notifyd.ingress.bullmq.options import BullmqOptions, Timing
    from notifyd.ingress.bullmq.services import BullmqServices
    from notifyd.ingress.bullmq.taker import Taker
    from notifyd.store.ports import Pending

log = structlog.get_logger("notifyd.bullmq")

_WATCH_SECONDS: Final = 0.2
_RESTART_SECONDS: Final = 1.0


class Consumer:
    """Takes jobs while the daemon can make notifications of them. Make it in trio."""

    def __init__(self, options: BullmqOptions, services: BullmqServices, timing: Timing) -> None:
        self._options = options
        self._counters = services.counters
        self._timing = timing
        self._desk = JobDesk(options, services, keep_seconds=timing.keep_seconds)
        self._host = AsyncioHost("bullmq")
        self._taker: Taker | None = None
        self._nursery: trio.Nursery | None = None
        self._tickets = itertools.count(1)
        self._permits = 0
        #: Jobs that were offered and are not decided yet.
        self.in_hand = 0
        #: Since when Redis does not answer, on the monotonic clock; None while it does.
        self.failing_since: float | None = None
        self._problem = ""
        #: Other services that take jobs from the queue, as they call themselves.
        self.others: tuple[str, ...] = ()
        self._ended = trio.Event()

    @property
    def detail(self) -> str:
        """What is wrong, for those who run the daemon; "" while all is well."""
        if self.failing_since is not None:
            return f"no jobs are taken: {self._problem}"
        return f"other services take jobs from {self.queue}: {', '.join(self.others)}" if self.others else ""

    @property
    def queue(self) -> str:
        """The queue, with its prefix."""
        return f"{self._options.prefix}:{self._options.queue}"

    async def run(self) -> None:
        """Take jobs until drained or cancelled; Redis may come and go."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._watch)
                await self._take()
                while not self._desk.draining:
                    await trio.sleep(_RESTART_SECONDS)
                    await self._take()
                nursery.cancel_scope.cancel()
        finally:
            self._nursery = None
            self._ended.set()

    def drain(self) -> None:
        """Take no more; what is in hand is finished."""
        self._desk.drain()
        self._stop_taker()

    async def stop(self, seconds: float) -> None:
        """Drain, and wait for what is in hand, so long at most. `run` returns then, or is to be cancelled."""
        self.drain()
        if self._nursery is not None:
            with trio.move_on_after(seconds):
                await self._ended.wait()

    async def _take(self) -> None:
        """Run one taker to its end."""
        try:
            await self._host.run(self._taking)
        except Exception:
            log.exception("bullmq_consumer_failed")
            self._counters.errors += 1
        finally:
            # what it held is taken again when its locks have run out
            self._taker, self._permits, self.in_hand, self.others = None, 0, 0, ()

    async def _taking(self) -> None:
        """In the thread. The package takes a third of a second to import, for nothing where no queue is consumed."""
        from notifyd.ingress.bullmq.taker import Taker

        taker = Taker(self._options, self._timing, self._host, self, self._tickets)
        self._host.send(self._taker_started, taker)
        await taker.run()

    def _taker_started(self, taker: Taker) -> None:
        self._taker = taker
        if self._desk.draining:
            self._stop_taker()
        self._permit()

    def _stop_taker(self) -> None:
        if self._taker is not None:
            self._host.post(self._taker.stop)

    async def _watch(self) -> None:
        while True:
            self._permit()
            await trio.sleep(_WATCH_SECONDS)

    def _permit(self) -> None:
        permits = self._desk.permits()
        if self._taker is not None and permits != self._permits and self._host.post(self._taker.permit, permits):
            self._permits = permits

    def _decide(self, verdicts: list[Verdict]) -> None:
        self.in_hand = max(0, self.in_hand - len(verdicts))
        self._permit()
        if self._taker is not None:
            self._host.post(self._taker.decide, verdicts)

    def offered(self, offers: list[Offer]) -> None:
        """See `DaemonSide.offered`."""
        if self._nursery is None or self._taker is None:
            return
        self.in_hand += len(offers)
        refused: list[Verdict] = []
        submitted: list[tuple[int, Pending]] = []
        for offer in offers:
            try:
                submitted.append((offer.ticket, self._desk.submit(offer)))
            except Exception as exc:  # noqa: BLE001  # one job must not end the daemon
                refused.append(Verdict(offer.ticket, self._desk.refusal(exc, offer)))
        if refused:
            self._decide(refused)
        if submitted:
            self._nursery.start_soon(self._settle, submitted)

    async def _settle(self, submitted: list[tuple[int, Pending]]) -> None:
        """Wait until each is kept. They share commits, so that waiting for one after the other costs nothing."""
        verdicts: list[Verdict] = []
        for ticket, pending in submitted:
            if verdicts and not pending.done():
                self._decide(verdicts)
                verdicts = []
            verdicts.append(Verdict(ticket, await self._desk.outcome(pending)))
        self._decide(verdicts)

    def told(self, tally: Tally) -> None:
        """See `DaemonSide.told`."""
        self._counters.bullmq_completed += tally.completed
        self._counters.bullmq_failed += tally.failed
        self._counters.bullmq_invalid += tally.invalid
        self._counters.bullmq_retried += tally.retried
        self._counters.errors += tally.errors

    def shared_with(self, others: tuple[str, ...]) -> None:
        """See `DaemonSide.shared_with`."""
        self.others = others
        if others:
            log.warning("bullmq_queue_shared", queue=self.queue, services=others)
        else:
            log.info("bullmq_queue_alone", queue=self.queue)

    def redis_away(self, problem: str) -> None:
        """See `DaemonSide.redis_away`."""
        self.failing_since, self._problem = monotonic(), problem
        log.warning("bullmq_redis_away", problem=problem)

    def redis_back(self) -> None:
        """See `DaemonSide.redis_back`."""
        if self.failing_since is None:
            log.info("bullmq_consuming", queue=self._options.queue, job=self._options.job)
        else:
            log.warning("bullmq_redis_back", seconds=round(monotonic() - self.failing_since, 3))
        self.failing_since = None
