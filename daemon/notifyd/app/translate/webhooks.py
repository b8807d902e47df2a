"""What the desk of webhooks, and what calls them, want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.measures import milliseconds
from notifyd.dispatch.webhook_desk import EventRules
from notifyd.policy.webhooks.answers import WebhookRules

if TYPE_CHECKING:
    from notifyd.config import Settings


def event_rules(settings: Settings) -> EventRules:
    """Which events may wait to be told."""
    events = settings.events
    return EventRules(
        max_waiting=events.max_waiting,
        expiry_ms=milliseconds(events.expiry_seconds),
        with_data=events.with_data,
        ageing_ms=milliseconds(settings.delivery.ageing_seconds),
    )


def webhook_rules(settings: Settings) -> WebhookRules:
    """How webhooks are called."""
    events = settings.events
    return WebhookRules(
        max_attempts=events.max_attempts,
        retry_seconds=events.retry_delay_seconds,
        retry_max_seconds=events.retry_max_seconds,
        batch_size=events.batch_size,
        timeout_seconds=events.timeout_seconds,
    )
