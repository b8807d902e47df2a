"""What becomes of each job: a notification, or a reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.clock import monotonic, now_ms
from notifyd.errors import Draining, Exhausted, NotFound, NotifydError, Unavailable
from notifyd.ingress.bullmq.offers import Completed, Failed, GivenBack, Outcome
from notifyd.model.ids import KeyId
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.policy.publishing.jobs import Gate
from notifyd.wire.bullmq import reason, receipt

if TYPE_CHECKING:
    from notifyd.ingress.bullmq.offers import Offer
    from notifyd.ingress.bullmq.options import BullmqOptions
    from notifyd.ingress.bullmq.services import BullmqServices
    from notifyd.store.ports import Pending

log = structlog.get_logger("notifyd.bullmq")

#: What its notifications say they were submitted by, and what idempotency keys are counted under.
SUBMITTED_BY: Final = KeyId("bullmq")

_REFUSED_SECONDS: Final = 1.0
#: A job is looked at so often before its client is held to be unknown.
_MOST_STARTS: Final = 5


class Closed(Exception):
    """Nothing is submitted now: the broker is away or the queue full, or the daemon is going down."""


class JobDesk:
    """Submits jobs and tells what came of it.

    Whoever reaches the queue's Redis may publish for any client: it is an operator's interface.
    """

    def __init__(self, options: BullmqOptions, services: BullmqServices, *, keep_seconds: float) -> None:
        """A notification that is not kept after *keep_seconds* makes the try fail."""
        self._options = options
        self._services = services
        self._keep_seconds = keep_seconds
        self._gate = Gate(options.concurrency)

    @property
    def draining(self) -> bool:
        """Whether nothing is taken any more."""
        return self._gate.draining

    def drain(self) -> None:
        """Take nothing more."""
        self._gate.draining = True

    def permits(self) -> int:
        """How many jobs may be in hand now."""
        return self._gate.permits(monotonic(), failing=self._services.broker_failing_since() is not None)

    def submit(self, offer: Offer) -> Pending:
        """Hand a job in as a notification.

        Raises:
            Closed: not now.
            NotifydError: it was refused.
        """
        if not self.permits():
            raise Closed
        services = self._services
        if offer.command is None:
            services.publisher.refused()
            raise offer.problem or AssertionError("an offer has a command or a problem")
        try:
            principal = Principal(services.clients.known(offer.client_id), SUBMITTED_BY, ALL_GRANTS)
        except NotFound:
            services.publisher.refused()
            raise
        return services.publisher.submit(principal, offer.command)

    async def outcome(self, pending: Pending) -> Outcome:
        """Wait until it is kept; what becomes of the job."""
        try:
            if pending.done():
                accepted = await pending.result()
            else:
                with trio.fail_after(self._keep_seconds):
                    accepted = await pending.result()
        except trio.TooSlowError:
            return self.refusal(Unavailable(f"the notification was not kept within {self._keep_seconds:g} s"))
        except Exception as exc:  # noqa: BLE001  # one job must not end the daemon
            return self.refusal(exc)
        self._gate.accept(monotonic())
        return Completed(receipt(accepted.id, self._services.durability))

    def refusal(self, problem: Exception, offer: Offer | None = None) -> Outcome:
        """What becomes of a job whose notification was refused."""
        if isinstance(problem, (Closed, Draining)):
            return GivenBack(0 if self.draining else round(_REFUSED_SECONDS * 1000))
        if isinstance(problem, (Unavailable, Exhausted)):
            self._gate.refuse(monotonic(), problem.retry_after_seconds or _REFUSED_SECONDS)
            return Failed(reason(problem), final=False)
        if isinstance(problem, NotFound) and offer is not None:
            return self._unknown_client(problem, offer)
        if isinstance(problem, NotifydError):
            return Failed(reason(problem), final=True)
        command = None if offer is None else offer.command
        log.error("bullmq_job_failed", request_id=None if command is None else command.request_id, exc_info=problem)
        self._services.counters.errors += 1
        return Failed("internal: the job failed inside the daemon; its log says why", final=False)

    def _unknown_client(self, problem: NotFound, offer: Offer) -> Outcome:
        age_ms = max(0, now_ms() - offer.added_at)
        if age_ms < self._options.recheck_ms and offer.starts < _MOST_STARTS:
            return GivenBack(self._options.recheck_ms - age_ms)
        return Failed(reason(problem), final=True)
