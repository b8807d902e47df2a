"""Take a notification in: access, checks, and the durable queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.clock import now_ms
from notifyd.errors import Draining, Invalid, NotifydError
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.publishing.publish import (
    PublishRules,
    check_grant,
    check_idempotency_key,
    fingerprint,
    notification_of,
)
from notifyd.store.ports import IdempotencyKey, Pending, QueueStore
from notifyd.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.command import Publish
    from notifyd.model.notification import Notification
    from notifyd.model.principal import Principal
    from notifyd.telemetry.metrics import Counters

log = get_logger("notifyd.publish")


class Publisher:
    """The one way in, whatever the interface. Counts what it refuses; the store counts what it takes in."""

    def __init__(
        self, queue: QueueStore, rules: PublishRules, counters: Counters, *, idempotency_seconds: float
    ) -> None:
        self._queue = queue
        self.rules = rules
        self._counters = counters
        self.idempotency_ms = int(idempotency_seconds * 1000)
        #: Once true, everything is refused: the daemon is going down.
        self.draining = False
        self._newest = 0

    def submit(self, principal: Principal, command: Publish) -> Pending:
        """Check and enqueue one command, without waiting; the answer's `result` says when it is kept.

        Raises:
            Invalid, TooLarge, Denied, QueueFull, IdempotencyMismatch, Draining: as their names say; nothing was taken.
        """
        try:
            return self._submit(principal, command)
        except NotifydError as exc:
            self._refuse(exc, principal, command.request_id)
            raise

    def _submit(self, principal: Principal, command: Publish) -> Pending:
        self.check_open()
        now = self._now()
        try:
            notification = self._notification(principal, command, now)
        except Invalid as exc:
            if not command.idempotency_key:
                raise
            # what was accepted before its time ran out is answered again afterwards
            return self._queue.recall(self._idempotency(principal, command, now), exc, now=now)
        idempotency = self._idempotency(principal, command, now) if command.idempotency_key else None
        return self._queue.enqueue((notification,), now=now, idempotency=idempotency)[0]

    def submit_batch(self, principal: Principal, commands: Sequence[Publish]) -> Sequence[Pending]:
        """Check and enqueue several, all or none.

        Raises:
            Invalid, TooLarge, Denied: the first command that is wrong; the message names its index.
            QueueFull, Draining: nothing was taken.
        """
        try:
            self.check_open()
            # producers that do not slow down are refused before each refusal costs what taking them in would
            self._queue.check_room(len(commands))
            now = self._now()
            notifications = []
            for index, command in enumerate(commands):
                try:
                    notifications.append(self._notification(principal, command, now))
                except NotifydError as exc:
                    exc.message = f"notifications[{index}]: {exc.message}"
                    raise
            return self._queue.enqueue(notifications, now=now)
        except NotifydError as exc:
            self._refuse(exc, principal, commands[0].request_id if commands else "", count=max(1, len(commands)))
            raise

    def refused(self) -> None:
        """A publish was refused before there was a command to submit: it is counted all the same."""
        self._counters.rejected += 1

    def _refuse(self, problem: NotifydError, principal: Principal, request_id: str, *, count: int = 1) -> None:
        self._counters.rejected += count
        log.debug(
            "publish_refused", client_id=principal.client_id, code=problem.code, count=count, request_id=request_id
        )

    def _notification(self, principal: Principal, command: Publish, now: int) -> Notification:
        notification = notification_of(command, principal, new_notification_id(now), now=now, rules=self.rules)
        check_grant(principal, command)
        log.debug("notification_submitted", notification_id=notification.id, request_id=command.request_id)
        return notification

    def check_open(self) -> None:
        """Pass while something new is accepted.

        Raises:
            Draining: the daemon is going down.
        """
        if self.draining:
            raise Draining("the daemon is shutting down and accepts nothing new", retry_after_seconds=5)

    def _now(self) -> int:
        """The wall clock, but never backwards: one priority stays first in, first out."""
        self._newest = max(self._newest, now_ms())
        return self._newest

    def _idempotency(self, principal: Principal, command: Publish, now: int) -> IdempotencyKey:
        key = check_idempotency_key(command.idempotency_key)
        return IdempotencyKey(principal.subject, key, fingerprint(command), now + self.idempotency_ms)
