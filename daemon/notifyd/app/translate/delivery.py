"""What publishing and dispatching want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.measures import milliseconds
from notifyd.dispatch.dispatcher import DispatchRules
from notifyd.policy.publishing.publish import PublishRules

if TYPE_CHECKING:
    from notifyd.config import Settings


def publish_rules(settings: Settings) -> PublishRules:
    """The bounds of a notification."""
    delivery = settings.delivery
    return PublishRules(
        message_expiry_ms=milliseconds(delivery.message_expiry_seconds),
        ageing_ms=milliseconds(delivery.ageing_seconds),
        max_schedule_ms=milliseconds(delivery.max_schedule_seconds),
        max_data_bytes=delivery.max_data_bytes,
        max_data_depth=delivery.max_data_depth,
        max_channel_length=settings.websocket.max_channel_length,
        max_frame_bytes=settings.websocket.outbox_bytes,
        max_targets=settings.clients.max_targets,
    )


def dispatch_rules(settings: Settings) -> DispatchRules:
    """How to dispatch."""
    delivery = settings.delivery
    return DispatchRules(
        delivery.batch_size,
        delivery.lease_seconds,
        delivery.retry_delay_seconds,
        delivery.retry_max_seconds,
        delivery.retry_attempts,
    )
