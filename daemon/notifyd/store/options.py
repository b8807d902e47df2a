"""What the engines may be told: where they keep things, how safely, and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

from notifyd.redislink.options import RedisOptions

Durability = Literal["fsync", "os", "memory"]

DAY_SECONDS: Final = 86_400.0
MEBIBYTE: Final = 1 << 20


class QueueLimits(msgspec.Struct, frozen=True):
    """Bounds of what waits, in flight to the disk included."""

    max_size: int = 10_000
    max_bytes: int = 256 * MEBIBYTE


class HistoryRule(msgspec.Struct, frozen=True):
    """Other bounds for the channels whose names fit *pattern*; None leaves the general bound in force."""

    pattern: str
    max_publications: int | None = None
    max_age_seconds: float | None = None


class HistoryLimits(msgspec.Struct, frozen=True):
    """Bounds of the kept publications. Of *rules* the first that fits a channel counts."""

    #: Of one channel; 0 keeps none, offsets are given all the same.
    max_publications: int = 10_000
    #: Of one channel, counted from the stamp.
    max_age_seconds: float = DAY_SECONDS
    #: Over all channels; beyond it the publications that are nearest to their age limit go.
    max_bytes: int = 256 * MEBIBYTE
    #: Beyond it the channels without a publication for the longest time are forgotten whole.
    max_channels: int = 100_000
    rules: tuple[HistoryRule, ...] = ()


class InboxLimits(msgspec.Struct, frozen=True):
    """Bounds of what is kept for users."""

    #: Of one user.
    max_notifications: int = 1000
    max_user_bytes: int = MEBIBYTE
    max_age_seconds: float = 7 * DAY_SECONDS
    #: Over all users; beyond it the oldest go.
    max_bytes: int = 256 * MEBIBYTE
    #: Beyond it the users that got nothing for the longest time are forgotten whole.
    max_users: int = 1_000_000


class ReceiptLimits(msgspec.Struct, frozen=True):
    """Bounds of what is remembered of settled notifications."""

    max_age_seconds: float = DAY_SECONDS
    max_count: int = 1_000_000
    #: Events of the timeline of one notification; beyond it later ones are not kept.
    max_events: int = 50
    #: Over all notifications; beyond it the oldest events go.
    max_all_events: int = 1_000_000


class DeadLetterLimits(msgspec.Struct, frozen=True):
    """Bounds of the dead letters; beyond each the oldest go."""

    max_count: int = 10_000
    max_bytes: int = 64 * MEBIBYTE
    max_age_seconds: float = 7 * DAY_SECONDS


class DurableLimits(msgspec.Struct, frozen=True):
    """Bounds of what is remembered of durable subscriptions."""

    #: Beyond it a new one is refused.
    max_count: int = 10_000
    #: One that nobody used for so long is forgotten.
    max_age_seconds: float = 7 * DAY_SECONDS
    #: Of one user; beyond it a new one is refused.
    max_per_user: int = 20


class BrokerLimits(msgspec.Struct, frozen=True):
    """Every bound of a broker; they may change while it runs."""

    queue: QueueLimits = QueueLimits()
    history: HistoryLimits = HistoryLimits()
    receipts: ReceiptLimits = ReceiptLimits()
    inbox: InboxLimits = InboxLimits()
    dead_letters: DeadLetterLimits = DeadLetterLimits()
    durables: DurableLimits = DurableLimits()
    #: Beyond it the oldest keys are forgotten before their time.
    max_idempotency_keys: int = 1_000_000


class BrokerOptions(msgspec.Struct, frozen=True):
    """Which broker to open."""

    #: `local`, or the URL of a Redis.
    url: str = "local"
    #: fsync: synced before it counts as accepted. os: survives a killed process. memory: nothing is written at all.
    durability: Durability = "fsync"
    #: Folder of broker.db; not needed with durability `memory`.
    state_dir: Path | None = None
    limits: BrokerLimits = BrokerLimits()
    #: How the Redis of `url` is reached; None with the local engine, which alone knows durability and state_dir.
    redis: RedisOptions | None = None
    #: Parts that the queue in Redis is split into.
    shards: int = 8
    #: What this node is called among those that share a Redis; "": its host and process.
    node: str = ""
    #: A node that is silent for so long has lost what it held.
    node_timeout_seconds: float = 4.0
