"""Threads for one engine that remember whether it fails, and find out when it is well again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from notifyd.bridge.worker import ThreadWorker
from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import TypeVarTuple, Unpack

    from notifyd.telemetry.histogram import Histogram

    Args = TypeVarTuple("Args")

T = TypeVar("T")

log = structlog.get_logger("notifyd.store")


class WatchedWorker(ThreadWorker):
    """A ThreadWorker whose failures count until `probe` has succeeded: that a read works says nothing of writes."""

    #: Since when it fails, on the monotonic clock; None where it works.
    failing_since: float | None = None
    #: Told how long each call took, where somebody wants to know.
    calls: Histogram | None = None

    async def run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        """See `ThreadWorker.run`."""
        begun = monotonic()
        try:
            return await super().run(function, *args)
        except StoreUnavailable as exc:
            self._failed(exc)
            raise
        finally:
            if self.calls is not None:
                self.calls.observe(monotonic() - begun)

    def _failed(self, problem: StoreUnavailable) -> None:
        if self.failing_since is None:
            log.error("records_failed", problem=problem.message)
            self.failing_since = monotonic()

    async def probe(self, attempt: Callable[[Unpack[Args]], object], *args: *Args) -> None:
        """Call ``attempt(*args)``, which writes what changes nothing.

        Raises:
            StoreUnavailable: it fails still.
        """
        since = self.failing_since
        await self.run(attempt, *args)
        self.failing_since = None
        if since is not None:
            log.warning("records_recovered", seconds=round(monotonic() - since, 3))
