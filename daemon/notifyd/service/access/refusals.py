"""Credentials that were refused: counted, and told in the log, as far as an attack does not fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from notifyd.clock import monotonic
from notifyd.policy.access.rate import TokenBucket

if TYPE_CHECKING:
    from notifyd.errors import NotifydError
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.credentials")

_PER_SECOND: Final = 5


class Refusals:
    """Notes each; more than five a second are counted alone, and the next line tells how many those were."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._bucket = TokenBucket(per_minute=60 * _PER_SECOND, burst=_PER_SECOND, now=monotonic())
        self._unlogged = 0

    def note(self, problem: NotifydError, *, address: str, transport: str, client_id: str = "") -> None:
        """Somebody from *address* came with a credential that is not good; *client_id* is empty where not known.

        The credential itself is never told.
        """
        self._counters.authentication_failures += 1
        if not self._bucket.take(monotonic()).allowed:
            self._unlogged += 1
            return
        unlogged, self._unlogged = self._unlogged, 0
        log.info(
            "credential_refused",
            code=problem.code,
            client_id=client_id,
            address=address,
            transport=transport,
            unlogged=unlogged,
        )
