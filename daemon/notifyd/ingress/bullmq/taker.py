"""Takes jobs and tells BullMQ what became of them: one loop in asyncio, which never waits for the daemon.

The only module through which the package bullmq is imported; that is why it is imported where the queue is enabled.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import structlog

from notifyd.clock import now_ms
from notifyd.ingress.bullmq.offers import Completed, Failed, Offer, Outcome, Tally, Verdict
from notifyd.ingress.bullmq.queue import Found, JobQueue, Taken
from notifyd.ingress.bullmq.reading import offer_of
from notifyd.ingress.bullmq.upkeep import Upkeep
from notifyd.redislink.for_asyncio.client import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from notifyd.bridge.asyncio_host import AsyncioHost
    from notifyd.ingress.bullmq.offers import DaemonSide
    from notifyd.ingress.bullmq.options import BullmqOptions, Timing

log = structlog.get_logger("notifyd.bullmq")

#: Waits between tries to reach Redis: from the first on they double up to the last.
_RETRY_SECONDS: Final = (0.05, 2.0)


class Taker:
    """One consumer of one queue. Make it in the loop in which it runs."""

    def __init__(
        self, options: BullmqOptions, timing: Timing, host: AsyncioHost, daemon: DaemonSide, tickets: Iterator[int]
    ) -> None:
        self._options = options
        self._timing = timing
        self._host = host
        self._daemon = daemon
        self._tickets = tickets
        self._queue = JobQueue(options, timing)
        self._held: dict[int, Taken] = {}
        self._verdicts: list[Verdict] = []
        self._bell = asyncio.Event()
        self._permits = 0
        self._stopping = False
        self._tally = Tally()
        self._others: tuple[str, ...] = ()
        #: None until Redis has answered once.
        self._away: bool | None = None
        self._retry_seconds = _RETRY_SECONDS[0]
        #: Nothing was there: the marker tells when to look again.
        self._empty = False
        self._watch: asyncio.Task[None] | None = None
        self._due_at = 0
        self._not_before = 0.0
        #: How many to ask for: doubles while all that were asked for came.
        self._eager = 1

    async def run(self) -> None:
        """Go on until `stop`, and until what is in hand then is done."""
        upkeep = Upkeep(self._queue, self._timing, self._tally_error)
        tasks = [
            asyncio.create_task(upkeep.renew(self._held.values)),
            asyncio.create_task(upkeep.recover(lambda: self._permits > 0)),
            asyncio.create_task(upkeep.share(self._shared)),
        ]
        try:
            while await self._turn():
                pass
        finally:
            for task in (*tasks, *([self._watch] if self._watch else [])):
                task.cancel()
            await self._queue.close()

    def permit(self, permits: int) -> None:
        """So many jobs may be in hand from now on."""
        if permits > self._permits:
            # much may have come meanwhile
            self._empty = False
        self._permits = permits
        self._bell.set()

    def decide(self, verdicts: list[Verdict]) -> None:
        """What becomes of jobs in hand; of others it is ignored."""
        self._verdicts += verdicts
        self._bell.set()

    def stop(self) -> None:
        """Take no more, and end when nothing is in hand."""
        self._stopping = True
        self.permit(0)

    async def _turn(self) -> bool:
        """Do what there is to do in one round trip, or wait for something to do. False: it is over."""
        self._bell.clear()
        verdicts, self._verdicts = self._verdicts, []
        verdicts = [verdict for verdict in verdicts if verdict.ticket in self._held]
        if self._stopping and not self._held:
            return False
        room = max(0, self._permits - len(self._held) + len(verdicts)) if self._may_take() else 0
        fetches = min(room, sum(isinstance(verdict.outcome, Completed) for verdict in verdicts))
        asks = 0 if self._empty else min(room - fetches, self._eager)
        if verdicts or asks:
            await self._fly(verdicts, fetches, asks)
        else:
            if self._empty and room and self._watch is None:
                self._watch = asyncio.create_task(self._await_marker())
                self._watch.add_done_callback(self._watched)
            await self._bell.wait()
        return True

    def _may_take(self) -> bool:
        return not self._stopping and asyncio.get_running_loop().time() >= self._not_before

    async def _fly(self, verdicts: list[Verdict], fetches: int, asks: int) -> None:
        steps: list[Coroutine[Any, Any, Found | None]] = []
        for verdict in verdicts:
            fetch = fetches > 0 and isinstance(verdict.outcome, Completed)
            fetches -= fetch
            steps.append(self._tell(verdict, fetch=fetch))
        steps += [self._queue.take(self._queue.token(next(self._tickets))) for _ in range(asks)]
        answers = await asyncio.gather(*steps, return_exceptions=True)
        # a job put back for later has a marker too, which a consumer that died may have taken: look at the queue itself
        delayed = any(not isinstance(verdict.outcome, Completed) for verdict in verdicts)
        self._empty = self._empty and not delayed
        self._take_stock([answer for answer in answers if isinstance(answer, Found)], asks, delayed=delayed)
        problem = next((answer for answer in answers if isinstance(answer, BaseException)), None)
        self._report()
        if problem is None:
            self._redis_back()
        else:
            await self._redis_away(problem)

    async def _tell(self, verdict: Verdict, *, fetch: bool) -> Found | None:
        taken = self._held[verdict.ticket]
        try:
            found = await self._told(taken, verdict.outcome, fetch=fetch)
        except REDIS_AWAY:
            # told again when it is back; if it was done already, BullMQ will say that it is not in hand
            self._verdicts.append(verdict)
            raise
        except Exception as exc:  # noqa: BLE001  # whatever it is, it must not end the consumer
            # lost to another consumer, or removed: whoever runs it again gives the same notification
            log.warning("bullmq_job_lost", job_id=taken.job.id, problem=str(exc))
            found = None
        del self._held[verdict.ticket]
        return found

    async def _told(self, taken: Taken, outcome: Outcome, *, fetch: bool) -> Found | None:
        if isinstance(outcome, Completed):
            found = await self._queue.complete(taken, outcome.value, fetch=fetch)
            self._tally.completed += 1
            return found
        if isinstance(outcome, Failed):
            if await self._queue.fail(taken, outcome.reason, final=outcome.final):
                self._tally.retried += 1
            else:
                self._tally.failed += 1
                self._tally.invalid += outcome.final and not taken.sentence
            return None
        await self._queue.give_back(taken, outcome.delay_ms)
        return None

    def _take_stock(self, answers: list[Found], asks: int, *, delayed: bool) -> None:
        offers = []
        for found in answers:
            if found.taken is not None:
                offers += self._offer(found.taken)
                continue
            self._due_at = found.due_at
            if found.limited_ms > 0:
                self._hold_back(found.limited_ms / 1000)
        if any(found.taken is None for found in answers):
            self._empty, self._eager = not delayed, 1
        elif asks:
            self._eager = min(2 * self._eager, self._options.concurrency)
        if offers:
            self._host.send(self._daemon.offered, offers)

    def _hold_back(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._not_before = loop.time() + seconds
        loop.call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        self._empty = False
        self._bell.set()

    def _offer(self, taken: Taken) -> list[Offer]:
        ticket = next(self._tickets)
        self._held[ticket] = taken
        if taken.sentence:
            self.decide([Verdict(ticket, Failed(taken.sentence, final=True))])
            return []
        return [offer_of(ticket, taken, self._options)]

    async def _await_marker(self) -> None:
        told_of = self._due_at
        try:
            due_at = await self._queue.wait(told_of)
        except REDIS_AWAY as exc:
            log.debug("bullmq_wait_ended", problem=str(exc))
            due_at = 0
        except Exception:
            log.exception("bullmq_wait_failed")
            self._tally_error()
            await asyncio.sleep(_RETRY_SECONDS[1])
            due_at = 0
        if due_at != told_of and due_at > now_ms():
            # the marker is of a delayed job, and does not come again
            self._due_at = due_at
        else:
            self._due_at, self._empty = 0, False

    def _watched(self, _watch: asyncio.Task[None]) -> None:
        self._watch = None
        self._bell.set()

    def _tally_error(self) -> None:
        self._tally.errors += 1

    def _report(self) -> None:
        if self._tally != Tally():
            tally, self._tally = self._tally, Tally()
            self._host.send(self._daemon.told, tally)

    def _shared(self, others: tuple[str, ...]) -> None:
        if others != self._others:
            self._others = others
            self._host.send(self._daemon.shared_with, others)

    def _redis_back(self) -> None:
        self._retry_seconds = _RETRY_SECONDS[0]
        if self._away is not False:
            self._away = False
            self._host.send(self._daemon.redis_back)

    async def _redis_away(self, problem: BaseException) -> None:
        if not isinstance(problem, Exception):
            raise problem
        if not self._away:
            self._away = True
            self._host.send(self._daemon.redis_away, str(problem) or type(problem).__name__)
        await asyncio.sleep(self._retry_seconds * (0.5 + random.random() / 2))
        self._retry_seconds = min(2 * self._retry_seconds, _RETRY_SECONDS[1])
