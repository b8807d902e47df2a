"""What connections, their subscriptions, acks and presence want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.app.translate.measures import page_bytes
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.policy.receiving.liveness import LivenessRules
from notifyd.policy.receiving.window import AckRules
from notifyd.service.receiving.subscribe import SubscribeRules

if TYPE_CHECKING:
    from notifyd.config import Settings


def liveness_rules(settings: Settings) -> LivenessRules:
    """Heartbeats and time limits."""
    websocket = settings.websocket
    return LivenessRules(
        websocket.heartbeat_interval_seconds, websocket.connection_timeout_seconds, websocket.authentication_seconds
    )


def subscribe_rules(settings: Settings) -> SubscribeRules:
    """The bounds of subscriptions."""
    return SubscribeRules(settings.websocket.max_subscriptions, settings.websocket.max_channel_length)


def ack_rules(settings: Settings) -> AckRules:
    """How acks are waited for."""
    delivery, subscriptions = settings.delivery, settings.subscriptions
    return AckRules(
        max_attempts=delivery.retry_attempts,
        retry_seconds=delivery.retry_delay_seconds,
        retry_max_seconds=delivery.retry_max_seconds,
        ack_seconds=subscriptions.ack_seconds,
        max_unacked=subscriptions.max_unacked,
        max_unacked_bytes=page_bytes(settings),
    )


def presence_rules(settings: Settings) -> PresenceRules:
    """Where presence is told, and how much of it."""
    presence = settings.presence
    rules = tuple(PresenceRule(rule.pattern, rule.presence, rule.join_leave) for rule in settings.channels)
    return PresenceRules(rules, presence.max_members, presence.max_notified, presence.max_waiting)
