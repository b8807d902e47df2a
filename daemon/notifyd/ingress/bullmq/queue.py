"""What is asked of BullMQ's own package: jobs, and what becomes of them. Everything here runs in asyncio.

Its `Worker` is used as by those who fetch jobs by hand: its main loop makes a round trip for each step of each job.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import random
from typing import TYPE_CHECKING, Any, Final

import structlog
from bullmq import Job, UnrecoverableError, Worker

from notifyd.clock import now_ms
from notifyd.errors import Invalid
from notifyd.ingress.bullmq.flights import Flights
from notifyd.ingress.bullmq.sharing import Sharing
from notifyd.policy.publishing.jobs import retry_delay_ms
from notifyd.redislink.for_asyncio.client import REDIS_AWAY, open_client, pipelines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.ingress.bullmq.options import BullmqOptions, Timing

log = structlog.get_logger("notifyd.bullmq")

_CLOSE_SECONDS: Final = 2.0
#: BullMQ waits so long before it tries again to set a scheduler's next job.
_SCHEDULE_RETRY_MS: Final = 1000
#: No wait for the marker is longer: another consumer may have taken it and died.
_MARKER_MS: Final = 10_000


class TryFailed(Exception):
    """How a failed try stands in the stack traces that BullMQ keeps."""


class Taken:
    """A job in hand."""

    __slots__ = ("data", "job", "problem", "token")

    def __init__(self, job: Any, token: str, data: str, problem: Invalid | None) -> None:
        self.job = job
        #: Proof of holding it.
        self.token = token
        #: As it was added, not read yet.
        self.data = data
        #: What it cannot be worked on for.
        self.problem = problem

    @property
    def sentence(self) -> str:
        """Why it is to fail whatever it asks for: BullMQ itself has decided so; "" for none."""
        return str(self.job.deferredFailure or "")

    @property
    def starts(self) -> int:
        """How often it was begun without having failed."""
        return int(self.job.attemptsStarted) - int(self.job.attemptsMade)


class Found:
    """The answer to a request for a job."""

    __slots__ = ("due_at", "limited_ms", "taken")

    def __init__(self, taken: Taken | None, limited_ms: int = 0, due_at: int = 0) -> None:
        #: None where there is none now.
        self.taken = taken
        #: The queue's rate limit lets none go before so many milliseconds.
        self.limited_ms = limited_ms
        #: When the next delayed one is due, in milliseconds since the Unix epoch; 0 where none is known.
        self.due_at = due_at


class JobQueue:
    """One queue. Calls made in one turn of the loop go to Redis together, in their order.

    All raise one of `REDIS_AWAY` while it is away, and then it is not known whether it was done.
    """

    def __init__(self, options: BullmqOptions, timing: Timing) -> None:
        self._timing = timing
        self._client = open_client(options.redis)
        self._waiting_client = open_client(
            options.redis, name=_client_name(options), patience_seconds=timing.idle_seconds + _MARKER_MS / 1000
        )
        settings: dict[str, Any] = {
            "connection": self._client,
            "prefix": options.prefix,
            "lockDuration": timing.lock_ms,
            "runRetryDelay": _SCHEDULE_RETRY_MS,
        }
        self._worker = Worker(options.queue, None, settings)
        #: Who else takes jobs from it.
        self.sharing = Sharing(self._client, options, seconds=timing.sharing_seconds)
        self._worker.on("error", lambda problem, *_: log.warning("bullmq_problem", problem=str(problem)))
        self._backend = self._worker.backend
        self._flights: Flights | None = None
        if pipelines(self._client):
            self._flights = Flights(self._client)
            self._flights.equip(self._worker.redisConnection.commands)
        self._schedulings: set[asyncio.Task[Any]] = set()

    def token(self, number: int) -> str:
        """A token that no other consumer has."""
        return f"{self._worker.id}:{number}"

    async def take(self, token: str) -> Found:
        """The next job, most urgent first by BullMQ's own order."""
        raw, job_id, limited_ms, due_at = await self._backend.moveToActive(token, self._worker.opts)
        return self._found(raw, job_id, limited_ms, due_at, token)

    async def complete(self, taken: Taken, value: dict[str, Any], *, fetch: bool) -> Found | None:
        """Tell that it is done. With *fetch*, take the next job in the same step.

        Raises:
            Exception: it is not in hand any more.
        """
        keep = taken.job.opts.get("removeOnComplete", False)
        try:
            answer = await self._backend.moveToCompleted(taken.job, value, keep, taken.token, fetch)
        except UnrecoverableError as exc:
            # a child of its flow has failed
            await self.fail(taken, str(exc), final=True)
            return None
        if not fetch:
            return None
        raw, job_id, limited_ms, due_at = answer["result"] or (None, None, 0, 0)
        return self._found(raw, job_id, limited_ms, due_at, taken.token)

    async def fail(self, taken: Taken, reason: str, *, final: bool) -> bool:
        """Tell that this try failed; whether there will be another. With *final* there is none.

        Raises:
            Exception: it is not in hand any more.
        """
        job = taken.job
        attempts = job.opts.get("attempts")
        if isinstance(attempts, bool) or not isinstance(attempts, (int, float)):
            job.opts["attempts"] = attempts = 0
        tries = job.attemptsMade + 1
        # the package knows neither jitter nor what to do with the strategies of others
        delay = retry_delay_ms(job.opts.get("backoff"), tries, chance=random.random())
        job.opts["backoff"] = {"type": "fixed", "delay": delay}
        kind = UnrecoverableError if final else TryFailed
        try:
            _raise(kind(reason))
        except kind as problem:
            # where in this file it was raised is of no use to who reads it in a dashboard
            problem.__traceback__ = None
            await job.moveToFailed(problem, taken.token)
        return not final and tries < attempts

    async def give_back(self, taken: Taken, delay_ms: int) -> None:
        """Let any consumer take it after so long; it does not count as a try.

        Raises:
            Exception: it is not in hand any more.
        """
        await taken.job.moveToDelayed(now_ms() + delay_ms, taken.token)

    async def renew(self, held: Iterable[Taken]) -> None:
        """Hold on to these for another `lock_seconds`."""
        together = list(held)
        ids, tokens = [taken.job.id for taken in together], [taken.token for taken in together]
        await self._backend.extendLocks(ids, tokens, self._timing.lock_ms)

    async def recover(self) -> list[str]:
        """Put jobs back whose consumers were silent for too long; their ids."""
        stalled_ms = round(self._timing.stalled_seconds * 1000)
        return list(await self._backend.moveStalledJobsToWait(self._timing.max_stalls, stalled_ms))

    async def wait(self, due_at: int) -> int:
        """Wait until there may be a job, for `idle_seconds` or until *due_at* (0 for none); when the next one is due.

        The answer is in milliseconds since the Unix epoch, 0 for now. Do not cancel it: redis-py may not hear that, and
        then takes a marker that nobody gets.
        """
        seconds = self._timing.idle_seconds
        if due_at:
            seconds = min(max(due_at - now_ms(), 1), _MARKER_MS) / 1000
        popped = await self._waiting_client.bzpopmin(self._backend.keys["marker"], seconds)
        if popped is None:
            return due_at
        _key, member, score = popped
        return int(float(score)) if member else 0

    async def close(self) -> None:
        """Let go of the connections; jobs in hand are others' when their locks have run out."""
        for scheduling in self._schedulings:
            scheduling.cancel()
        with contextlib.suppress(*REDIS_AWAY):
            await asyncio.wait_for(self.sharing.leave(), _CLOSE_SECONDS)
        if self._flights is not None:
            await self._flights.close()
        for client in (self._client, self._waiting_client):
            with contextlib.suppress(*REDIS_AWAY):
                await asyncio.wait_for(client.aclose(), _CLOSE_SECONDS)

    def _found(self, raw: Any, job_id: Any, limited_ms: Any, due_at: Any, token: str) -> Found:
        if not raw:
            return Found(None, int(limited_ms or 0), int(due_at or 0))
        if raw.get("rjk"):
            self._schedule_next(dict(raw), job_id, token)
        data, problem = raw.get("data", ""), None
        raw["data"] = "{}"
        try:
            job = Job.fromJSON(self._worker, raw, job_id)
        except Exception as exc:  # noqa: BLE001  # whoever wrote that was no BullMQ
            problem = Invalid(f"the job cannot be read: {exc}", code="invalid_job")
            job = Job.fromJSON(self._worker, {"name": raw.get("name", "")}, job_id)
        return Found(Taken(job, token, data, problem))

    def _schedule_next(self, raw: dict[str, Any], job_id: str, token: str) -> None:
        # a job scheduler sets its next job when one is taken; that may wait for Redis, and must not be waited for
        scheduling = asyncio.create_task(self._worker.nextJobFromJobData(raw, job_id, 0, 0, token))
        self._schedulings.add(scheduling)
        scheduling.add_done_callback(self._scheduled)

    def _scheduled(self, scheduling: asyncio.Task[Any]) -> None:
        self._schedulings.discard(scheduling)
        if not scheduling.cancelled() and (problem := scheduling.exception()) is not None:
            log.warning("bullmq_scheduler_stopped", problem=str(problem))


def _client_name(options: BullmqOptions) -> str:
    """By which BullMQ's `getWorkers` finds consumers; the package for Python names them otherwise."""
    queue = base64.b64encode(options.queue.encode()).decode()
    worker = "".join(letter if letter.isalnum() or letter in "-._" else "-" for letter in options.name)
    return f"{options.prefix}:{queue}:w:{worker}"


def _raise(problem: Exception) -> None:
    # the package writes the stack trace of the exception that is being handled
    raise problem
