"""What the engines, and what stands on them, want to be told."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, cast

from notifyd.bus.open import PeerRules
from notifyd.config.engine_forms import is_redis
from notifyd.redislink.options import RedisOptions
from notifyd.store.options import (
    BrokerLimits,
    BrokerOptions,
    DeadLetterLimits,
    DurableLimits,
    HistoryLimits,
    HistoryRule,
    InboxLimits,
    QueueLimits,
    ReceiptLimits,
)

if TYPE_CHECKING:
    from notifyd.config import Settings
    from notifyd.store.options import Durability


def broker_options(settings: Settings) -> BrokerOptions:
    """Which broker to open."""
    return BrokerOptions(
        url=settings.broker.url,
        durability=cast("Durability", settings.broker.durability),
        state_dir=settings.server.state_dir,
        limits=broker_limits(settings),
        redis=redis_options(settings),
        shards=settings.broker.shards,
        node=node_name(settings),
        node_timeout_seconds=settings.cluster.timeout_seconds,
    )


def redis_options(settings: Settings) -> RedisOptions | None:
    """How the broker's Redis is reached; None with the local broker."""
    broker = settings.broker
    if not is_redis(broker.url):
        return None
    return RedisOptions(
        url=broker.url,
        prefix=broker.prefix,
        timeout_seconds=broker.timeout_seconds,
        connect_timeout_seconds=broker.connect_timeout_seconds,
        max_waiting=broker.max_waiting,
        ca_file=broker.ca_file,
    )


def broker_limits(settings: Settings) -> BrokerLimits:
    """The broker's bounds."""
    delivery, history, receipts, inbox = settings.delivery, settings.history, settings.receipts, settings.inbox
    dead = settings.dead_letters
    rules = tuple(HistoryRule(r.pattern, r.max_publications, r.max_age_seconds) for r in settings.channels)
    return BrokerLimits(
        queue=QueueLimits(delivery.max_queue_size, delivery.max_queue_bytes),
        history=HistoryLimits(
            history.max_publications, history.max_age_seconds, history.max_bytes, history.max_channels, rules
        ),
        receipts=ReceiptLimits(
            receipts.max_age_seconds, receipts.max_count, receipts.max_events, receipts.max_all_events
        ),
        dead_letters=DeadLetterLimits(dead.max_count, dead.max_bytes, dead.max_age_seconds),
        durables=DurableLimits(
            settings.subscriptions.max_durable,
            settings.subscriptions.durable_max_age_seconds,
            settings.subscriptions.max_durable_per_user,
        ),
        max_idempotency_keys=delivery.max_idempotency_keys,
        inbox=InboxLimits(
            inbox.max_notifications, inbox.max_user_bytes, inbox.max_age_seconds, inbox.max_bytes, inbox.max_users
        ),
    )


def peer_rules(settings: Settings) -> PeerRules:
    """How the daemons of a broker look after each other."""
    cluster = settings.cluster
    return PeerRules(
        heartbeat_seconds=cluster.heartbeat_seconds,
        timeout_seconds=cluster.timeout_seconds,
        query_timeout_seconds=cluster.query_timeout_seconds,
    )


def node_name(settings: Settings) -> str:
    """What an operator calls this process among them."""
    return settings.cluster.node_name or f"{socket.gethostname()}-{os.getpid()}"
