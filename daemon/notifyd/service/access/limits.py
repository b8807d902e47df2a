"""How many requests a credential or an address may make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.clock import monotonic
from notifyd.errors import RateLimited
from notifyd.policy.access.rate import Allowance, TokenBucket

if TYPE_CHECKING:
    from notifyd.telemetry.metrics import Counters

#: Buckets kept before full ones are swept out: what a flood of addresses can make this grow to.
MAX_BUCKETS = 100_000

#: No client's id is longer; what anybody sends in its place is not to fill the table.
_MAX_CLIENT_LENGTH: Final = 64


class RateLimiter:
    """One token bucket for each credential (or address) that was seen lately."""

    def __init__(self, *, enabled: bool, per_minute: int, burst: int, counters: Counters) -> None:
        self._counters = counters
        self._buckets: dict[str, TokenBucket] = {}
        self.configure(enabled=enabled, per_minute=per_minute, burst=burst)

    def configure(self, *, enabled: bool, per_minute: int, burst: int) -> None:
        """Change the limits; everybody starts with a full bucket again."""
        self.enabled = enabled
        self._per_minute = per_minute
        self._burst = burst
        self._buckets.clear()

    def take(self, subject: str, count: int = 1) -> Allowance | None:
        """Count a request of *subject*; None when limits are off. The caller refuses when it is not `allowed`."""
        if not self.enabled:
            return None
        now = monotonic()
        bucket = self._buckets.get(subject)
        if bucket is None:
            if len(self._buckets) >= MAX_BUCKETS:
                self._sweep(now)
            bucket = self._buckets[subject] = TokenBucket(per_minute=self._per_minute, burst=self._burst, now=now)
        allowance = bucket.take(now, count)
        if not allowance.allowed:
            self._counters.rate_limited += 1
        return allowance

    def check(self, subject: str, count: int = 1) -> None:
        """As `take`, for interfaces without headers.

        Raises:
            RateLimited: it is over; the error says when to come back.
        """
        allowance = self.take(subject, count)
        if allowance is not None and not allowance.allowed:
            raise rate_limited(allowance)

    def _sweep(self, now: float) -> None:
        kept = {subject: bucket for subject, bucket in self._buckets.items() if not bucket.full(now)}
        # Somebody who has spent a little is forgiven rather than let the table grow without a bound.
        self._buckets = kept if len(kept) < MAX_BUCKETS else {}


def secret_tries(client_id: str, address: str) -> str:
    """The subject under which tries of a client's secret are counted, the right ones too."""
    return f"{client_id[:_MAX_CLIENT_LENGTH]}/secret/{address}"


def rate_limited(allowance: Allowance) -> RateLimited:
    """The refusal that an exhausted bucket stands for."""
    return RateLimited(
        f"too many requests: try again in {allowance.retry_after_seconds:.1f} s",
        retry_after_seconds=allowance.retry_after_seconds,
    )
