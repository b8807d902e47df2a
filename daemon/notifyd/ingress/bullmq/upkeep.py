"""What a consumer does now and then: hold on to its jobs, put back those of consumers that died, and see who else is
there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from notifyd.clock import now_ms
from notifyd.redislink.for_asyncio.client import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from notifyd.ingress.bullmq.options import Timing
    from notifyd.ingress.bullmq.queue import JobQueue, Taken

log = structlog.get_logger("notifyd.bullmq")

#: How often a lock is renewed in its life.
_RENEWALS = 3


class Upkeep:
    """All go on until they are cancelled, whether Redis is there or not."""

    def __init__(self, queue: JobQueue, timing: Timing, on_error: Callable[[], object]) -> None:
        """*on_error* is told of faults of ours."""
        self._queue = queue
        self._timing = timing
        self._on_error = on_error

    async def renew(self, held: Callable[[], Collection[Taken]]) -> None:
        """Hold on to what is *held*."""
        while True:
            await asyncio.sleep(self._timing.lock_seconds / _RENEWALS)
            if jobs := held():
                await self._attempt(self._queue.renew(jobs))

    async def recover(self, wanted: Callable[[], bool]) -> None:
        """Put stalled jobs back, while that is *wanted*."""
        while True:
            await asyncio.sleep(self._timing.stalled_seconds)
            if wanted():
                await self._attempt(self._put_back())

    async def share(self, told: Callable[[tuple[str, ...]], object]) -> None:
        """Have it *told* which other services take jobs from the queue."""
        while True:
            await self._attempt(self._look_for_others(told))
            await asyncio.sleep(self._timing.sharing_seconds)

    async def _look_for_others(self, told: Callable[[tuple[str, ...]], object]) -> None:
        told(await self._queue.sharing.tell(now_ms()))

    async def _put_back(self) -> None:
        for job_id in await self._queue.recover():
            log.warning("bullmq_job_stalled", job_id=job_id)

    async def _attempt(self, step: Awaitable[None]) -> None:
        try:
            await step
        except REDIS_AWAY as exc:
            log.debug("bullmq_upkeep_put_off", problem=str(exc))
        except Exception:
            log.exception("bullmq_upkeep_failed")
            self._on_error()
