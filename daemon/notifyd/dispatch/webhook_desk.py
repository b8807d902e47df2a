"""What happened becomes an event for each webhook that wants it, kept in the queue before it is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from notifyd.clock import now_ms
from notifyd.errors import QueueFull, StoreUnavailable
from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind, Notification
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.publishing.order import order_key
from notifyd.policy.webhooks.events import EventType, dead_data, event_body, unreached_data, worth_telling
from notifyd.store.ports import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.dispatch.webhook_book import WebhookBook
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import State
    from notifyd.store.ports import QueueStore
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.webhooks")

_NOBODY: Final = NotificationId("")

#: So far apart are log lines about dropped events.
_QUIET_MS: Final = 10_000

#: Whether a user has a connection.
Online = Callable[[ClientId, UserId], bool]


class EventRules(msgspec.Struct, frozen=True):
    """The settings of events that wait."""

    #: Beyond it new ones are dropped.
    max_waiting: int
    expiry_ms: int
    #: Whether they carry the data of the notification that they are about.
    with_data: bool
    ageing_ms: int


class WebhookDesk:
    """The `EventDesk` of the webhooks that are configured; no event is made that none of them wants."""

    def __init__(
        self, queue: QueueStore, book: WebhookBook, rules: EventRules, counters: Counters, online: Online
    ) -> None:
        self._queue = queue
        self._book = book
        self.rules = rules
        self._counters = counters
        self._online = online
        self._quiet_until = 0

    def unreached(self, notification: Notification, state: State, stored: int) -> None:
        """See `EventDesk.unreached`. Who is connected and still catches up gets it: that is no such event."""
        client_id = notification.client_id
        if worth_telling(notification) and not any(self._online(client_id, user_id) for user_id in notification.users):
            data = partial(unreached_data, notification, state, stored, with_data=self.rules.with_data)
            self._happened(EventType.UNREACHED, client_id, data, notification.id)

    def dead(self, letter: DeadLetter) -> None:
        """See `EventDesk.dead`."""
        if worth_telling(letter.notification):
            data = partial(dead_data, letter, with_data=self.rules.with_data)
            self._happened(EventType.DEAD, letter.client_id, data, letter.notification_id)

    def user(self, event_type: EventType, client_id: ClientId, user_id: UserId) -> None:
        """A user has come or gone."""
        self._happened(event_type, client_id, lambda: {"userId": user_id})

    def channel(self, event_type: EventType, client_id: ClientId, channel: str) -> None:
        """A channel has got its first subscriber, or lost the last."""
        self._happened(event_type, client_id, lambda: {"channel": channel})

    def _happened(
        self,
        event_type: EventType,
        client_id: ClientId,
        data: Callable[[], dict[str, Any]],
        parent: NotificationId = _NOBODY,
    ) -> None:
        """Have it told to those who want it; where none does, *data* is not made."""
        try:
            names = self._book.wanting(event_type, client_id)
            if names:
                now = now_ms()
                body = event_body(new_notification_id(now), event_type, client_id, data(), now=now)
                self._keep(event_type, [self._notification(client_id, name, body, parent, now) for name in names], now)
        except Exception:
            # a fault in telling must not look like one in what it tells of
            log.exception("event_fault", event_type=event_type.value)
            self._counters.errors += 1

    def _keep(self, event_type: EventType, events: Sequence[Notification], now: int) -> None:
        room = max(0, self.rules.max_waiting - self._queue.size(Lane.WEBHOOK))
        self._drop(event_type, events[room:], "as many wait as may (events.max_waiting)")
        if not (kept := events[:room]):
            return
        try:
            # not waited for: it is committed together with what it tells of, or after it
            self._queue.enqueue(kept, now=now)
        except (QueueFull, StoreUnavailable) as exc:
            self._drop(event_type, kept, exc.message)

    def _notification(
        self, client_id: ClientId, name: str, body: bytes, parent: NotificationId, now: int
    ) -> Notification:
        return Notification(
            id=new_notification_id(now),
            client_id=client_id,
            kind=Kind.WEBHOOK,
            channel=name,
            data=body,
            metadata=b"",
            priority=DEFAULT_PRIORITY,
            accepted_at=now,
            due_at=now,
            expires_at=now + self.rules.expiry_ms,
            order_key=order_key(now, DEFAULT_PRIORITY, self.rules.ageing_ms),
            parent=parent,
        )

    def _drop(self, event_type: EventType, events: Sequence[Notification], problem: str) -> None:
        for event in events:
            self._book.figures(event.channel).dropped += 1
        self._counters.webhooks_dropped += len(events)
        if events and now_ms() >= self._quiet_until:
            # what drops one mostly drops many
            self._quiet_until = now_ms() + _QUIET_MS
            dropped = self._counters.webhooks_dropped
            log.warning("events_dropped", event_type=event_type.value, problem=problem, webhooks_dropped=dropped)
