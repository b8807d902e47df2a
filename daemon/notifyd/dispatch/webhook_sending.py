"""One call of one webhook."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd import __version__
from notifyd.clock import monotonic, now_ms
from notifyd.model.notification import State
from notifyd.policy.pushing.answers import due_at
from notifyd.policy.webhooks.answers import decide
from notifyd.policy.webhooks.events import head_of
from notifyd.policy.webhooks.signing import signed_headers
from notifyd.store.ports import Outcome
from notifyd.webhooks.ports import WebhookCall

if TYPE_CHECKING:
    from notifyd.dispatch.gate import Gate
    from notifyd.dispatch.webhook_book import Endpoint, Figures
    from notifyd.policy.webhooks.answers import WebhookAnswer, WebhookRules
    from notifyd.store.ports import Lease
    from notifyd.telemetry.metrics import Counters
    from notifyd.webhooks.ports import WebhookCaller

log = structlog.get_logger("notifyd.webhooks")

_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": f"notifyd/{__version__}", "Accept": "*/*"}


async def call_endpoint(
    caller: WebhookCaller, endpoint: Endpoint, body: bytes, *, timeout_seconds: float
) -> WebhookAnswer:
    """Sign an event with this moment as its time, and hand it over."""
    signed = signed_headers(endpoint.key, head_of(body).id, now_ms() // 1000, body)
    return await caller.call(WebhookCall(endpoint.url, _HEADERS | signed, body, timeout_seconds))


class WebhookSending:
    """Calls, and tells everybody whom the answers concern: the figures, the gate, the counters, the log."""

    def __init__(self, caller: WebhookCaller, counters: Counters) -> None:
        self._caller = caller
        self._counters = counters

    async def attempt(
        self, lease: Lease, endpoint: Endpoint, figures: Figures, gate: Gate, rules: WebhookRules
    ) -> Outcome | int:
        """Tell the event once; answers how it ended, or when (milliseconds) to tell it again."""
        event = lease.notification
        figures.in_flight += 1
        begun = monotonic()
        try:
            answer = await call_endpoint(self._caller, endpoint, event.data, timeout_seconds=rules.timeout_seconds)
        finally:
            figures.in_flight -= 1
        result = "taken" if answer.taken else "failed"
        self._counters.times.webhook.of(result).observe(monotonic() - begun)
        now = now_ms()
        decision = decide(answer, attempts=lease.attempts, rules=rules, now=now, chance=random.random())
        self._note(lease, answer, figures, dead=decision.state is State.DEAD)
        self._mind(endpoint, decision.pause_seconds, gate, rules)
        if decision.state is None:
            return due_at(decision.retry_seconds, now=now, expires_at=event.expires_at)
        return Outcome(lease, decision.state, int(answer.taken), reason=answer.reason, error=answer.sentence)

    def _note(self, lease: Lease, answer: WebhookAnswer, figures: Figures, *, dead: bool) -> None:
        figures.note(answer, now=now_ms())
        if answer.taken:
            figures.delivered += 1
            self._counters.webhooks_delivered += 1
            return
        figures.failed += 1
        figures.dead += dead
        self._counters.webhooks_failed += 1
        tell = log.warning if dead else log.info
        tell(
            "webhook_failed", webhook=lease.notification.channel, event_id=head_of(lease.notification.data).id,
            attempts=lease.attempts + 1, reason=answer.reason, dead=dead,
        )  # fmt: skip

    def _mind(self, endpoint: Endpoint, pause_seconds: float | None, gate: Gate, rules: WebhookRules) -> None:
        now = trio.current_time()
        if pause_seconds is None:
            gate.went_well(now=now)
            return
        was_open = not gate.seconds_left(now=now)
        until = gate.close(pause_seconds, rules, now=now, chance=random.uniform(0.5, 1))
        if was_open:
            log.warning("webhook_paused", webhook=endpoint.name, seconds=round(until - now, 3))
