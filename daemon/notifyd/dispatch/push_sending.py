"""One try to send one push to the devices of its user."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import structlog
import trio

from notifyd.clock import monotonic, now_ms
from notifyd.dispatch.push_progress import ProgressBook
from notifyd.errors import StoreUnavailable
from notifyd.model.notification import State
from notifyd.policy.pushing.answers import Action, PushDecision, Verdict, decide, due_at, pause_seconds, verdict_of
from notifyd.policy.pushing.content import PushMessage, content_of
from notifyd.store.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.dispatch.gate import Gate
    from notifyd.dispatch.push_devices import DeviceBook, PushLedger
    from notifyd.model.device import Device
    from notifyd.model.ids import ClientId, NotificationId
    from notifyd.policy.pushing.answers import RetryRules
    from notifyd.push.ports import PushProvider
    from notifyd.store.ports import Lease
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.push")


class PushSending:
    """Sends, and tells everybody whom the answers concern: the receipt, the devices, the gate, the counters."""

    def __init__(
        self,
        provider: PushProvider,
        devices: DeviceBook,
        ledger: PushLedger,
        gate: Gate,
        counters: Counters,
    ) -> None:
        self._provider = provider
        self._devices = devices
        self._ledger = ledger
        self._gate = gate
        self._counters = counters
        self._progress = ProgressBook()

    async def attempt(self, lease: Lease, devices: Sequence[Device], rules: RetryRules) -> Outcome | int:
        """Try it once with those of *devices* that have not had it; answers how it ended, or when to try again."""
        push = lease.notification
        progress = self._progress.of(push.id)
        before = progress.verdicts
        targets = progress.left(devices)
        verdicts = await self._send(lease, targets) if targets else []
        self._mind(verdicts, rules)
        decision = decide(
            verdicts,
            before,
            attempts=lease.attempts,
            rules=rules,
            closed_seconds=self._gate.seconds_left(now=trio.current_time()),
            chance=random.random(),
        )
        progress.note(targets, verdicts)
        self._progress.keep(push.id, progress)
        self._tell(lease, decision)
        await self._remove(push.client_id, targets, verdicts)
        if decision.retry_seconds is not None:
            return due_at(decision.retry_seconds, now=now_ms(), expires_at=push.expires_at)
        delivered = sum(verdict.action is Action.ACCEPTED for verdict in before) + decision.accepted
        error = f"no device took it; the push provider's last answer: {decision.reason}"
        error = error if decision.state is State.DEAD else ""
        return Outcome(lease, decision.state, delivered, reason=decision.reason, error=error)

    def forget(self, push_ids: Iterable[NotificationId]) -> None:
        """They are settled."""
        for push_id in push_ids:
            self._progress.forget(push_id)

    async def _send(self, lease: Lease, targets: Sequence[Device]) -> list[Verdict]:
        content = content_of(lease.notification, now=now_ms())
        begun = monotonic()
        results = await self._provider.send([PushMessage(device.token, content) for device in targets])
        self._counters.times.push.observe(monotonic() - begun)
        now = now_ms()
        return [verdict_of(result, now=now) for result in results]

    def _mind(self, verdicts: Sequence[Verdict], rules: RetryRules) -> None:
        now = trio.current_time()
        seconds = pause_seconds(verdicts, rules)
        if seconds is not None:
            was_open = not self._gate.seconds_left(now=now)
            until = self._gate.close(seconds, rules, now=now, chance=random.uniform(0.5, 1))
            if was_open:
                reason = next(verdict.reason for verdict in verdicts if verdict.everybody)
                log.warning("push_provider_paused", seconds=round(until - now, 3), reason=reason)
        elif any(verdict.action is not Action.RETRY for verdict in verdicts):
            self._gate.went_well(now=now)

    def _tell(self, lease: Lease, decision: PushDecision) -> None:
        self._counters.pushes_accepted += decision.accepted
        self._counters.pushes_failed += decision.failed
        if decision.accepted or decision.failed:
            self._ledger.pushed(
                lease.notification, pushed=decision.accepted, failed=decision.failed, reason=decision.reason
            )
        if decision.failed:
            log.info(
                "push_failed", push_id=lease.notification.id, devices=decision.failed, reason=decision.reason,
                **lease.notification.log_fields(),
            )  # fmt: skip

    async def _remove(self, client_id: ClientId, targets: Sequence[Device], verdicts: Sequence[Verdict]) -> None:
        """Forget the devices that the provider does not know any more."""
        for device, verdict in zip(targets, verdicts, strict=True):
            if verdict.action is not Action.GONE:
                continue
            try:
                removed = await self._devices.remove_token(client_id, device.token)
            except StoreUnavailable as exc:
                # the next push to it finds out again
                log.warning("device_not_removed", device_id=device.id, problem=exc.message)
            else:
                self._counters.devices_removed += removed
                log.info("device_removed", device_id=device.id, reason=verdict.reason)
