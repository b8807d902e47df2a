"""The bodies of the REST interface of the channel service, in camelCase: they validate, and make the OpenAPI document.

Unknown fields are ignored, as the service that this one replaces did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from notifyd.model.notification import MAX_PRIORITY, MIN_PRIORITY

#: A hundred years; longer ones would name instants that cannot be written as dates.
_MAX_MS: Final = 3_155_760_000_000
_MAX_SECONDS: Final = _MAX_MS / 1000

Priority = Annotated[
    int, Meta(ge=MIN_PRIORITY, le=MAX_PRIORITY, description="1 to 10, higher is more urgent; 5 when absent.")
]
Data = Annotated[Raw, Meta(description="Any JSON value; it reaches the subscribers as it is.")]
# A Raw within a union would refuse what is not null: absent is Raw(b"").
Metadata = Annotated[Raw, Meta(extra_json_schema={"type": ["object", "null"]}, description="A JSON object.")]
Ttl = Annotated[int, Meta(ge=1, le=_MAX_MS, description="Milliseconds after which it is not delivered any more.")]
Delay = Annotated[int, Meta(ge=0, le=_MAX_MS, description="Milliseconds until it is delivered.")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset from UTC.")]
Durability = Annotated[str, Meta(description="What accepted promises: fsync, os or memory.")]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class NotificationBody(Struct, frozen=True, rename="camel", gc=False):
    """A notification for a channel. At most one of ttl and expiresAt, and at most one of delay and deliverAt."""

    channel: Annotated[str, Meta(description="The channel that it is for.")]
    data: Data
    priority: Priority | None = None
    metadata: Metadata = msgspec.field(default_factory=Raw)
    ttl: Ttl | None = None
    expires_at: Instant | None = None
    delay: Delay | None = None
    deliver_at: Instant | None = None


class BroadcastBody(Struct, frozen=True, rename="camel", gc=False):
    """A notification for every authenticated connection of the client, whatever it subscribed to."""

    data: Data
    channel: Annotated[str, Meta(description="A label, shown as the channel; it needs no subscription.")] | None = None
    priority: Priority | None = None
    metadata: Metadata = msgspec.field(default_factory=Raw)
    ttl: Ttl | None = None
    expires_at: Instant | None = None
    delay: Delay | None = None
    deliver_at: Instant | None = None


class BatchBody(Struct, frozen=True, rename="camel"):
    """Several notifications, accepted all or none."""

    notifications: list[NotificationBody]


class NewKeyBody(Struct, frozen=True, rename="camel"):
    """What an API key is to be."""

    client_name: Annotated[str, Meta(description="Whose key it is, for people.")]
    client_id: Annotated[str, Meta(description="The client that it belongs to; `default` when absent.")] | None = None
    scopes: (
        Annotated[
            list[str],
            Meta(description="publish:PATTERN, subscribe:PATTERN, broadcast, users; everything when absent."),
        ]
        | None
    ) = None
    expires_at: Instant | None = None
    allowed_cidrs: (
        Annotated[list[str], Meta(description="Networks that it may be used from; from anywhere when absent.")] | None
    ) = None


class RotationBody(Struct, frozen=True, rename="camel"):
    """How a key is rotated."""

    overlap_seconds: (
        Annotated[float, Meta(ge=0, le=_MAX_SECONDS, description="How long the old key stays good.")] | None
    ) = None


class FieldProblemView(Struct, frozen=True):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a request was refused."""

    #: A stable word that programs may match on.
    code: str
    message: str
    request_id: str
    details: Annotated[
        list[FieldProblemView], Meta(description="Every field that is wrong, where the body is not as it has to be.")
    ] = []


class ErrorAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of every refusal."""

    success: Literal[False] = False
    error: Problem


class Accepted(Struct, frozen=True, kw_only=True, rename="camel"):
    """The receipt of one notification."""

    success: Literal[True] = True
    notification_id: str
    status: Literal["accepted"] = "accepted"
    durability: Durability


class BatchAccepted(Struct, frozen=True, kw_only=True, rename="camel"):
    """The receipts of a batch, in the order of the request."""

    success: Literal[True] = True
    notification_ids: list[str]
    status: Literal["accepted"] = "accepted"
    durability: Durability


class IssuedKeyAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The one time that an API key is shown."""

    success: Literal[True] = True
    api_key: str
    key_id: str
    client_name: str
    message: str


class KeyView(Struct, frozen=True, rename="camel"):
    """What is kept of an API key; never the key itself."""

    id: str
    client_id: str
    client_name: str
    scopes: list[str]
    allowed_cidrs: list[str]
    status: Literal["active", "expired", "revoked"]
    created_at: Timestamp
    expires_at: Timestamp | None
    revoked_at: Timestamp | None
    last_used_at: Timestamp | None
    #: While a rotation overlaps: until when the key before is still good.
    previous_until: Timestamp | None


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """One API key."""

    success: Literal[True] = True
    key: KeyView


class KeysAnswer(Struct, frozen=True, kw_only=True):
    """API keys, the oldest first."""

    success: Literal[True] = True
    keys: list[KeyView]


class Done(Struct, frozen=True, kw_only=True):
    """It was done."""

    success: Literal[True] = True
    message: str


class Position(Struct, frozen=True):
    """A place in the history of a channel."""

    epoch: str
    offset: int


class PublicationView(Struct, frozen=True, kw_only=True):
    """A notification with its place in the channel, as subscribers receive it."""

    id: str
    channel: str | None
    data: Data
    timestamp: Timestamp
    priority: int
    metadata: Metadata = msgspec.field(default_factory=Raw)
    epoch: str
    offset: int


class HistoryAnswer(Struct, frozen=True, kw_only=True):
    """Kept publications of a channel, in the order of their offsets."""

    success: Literal[True] = True
    channel: str
    #: The newest one of the channel at this moment.
    position: Position
    publications: list[PublicationView]
    #: Left out because they expired meanwhile.
    skipped: int
    #: Whether there are newer ones (with since) or older ones (without) than these.
    more: bool
    #: False: what was asked for with since cannot be continued without a gap. Null without since.
    recovered: bool | None


class EngineView(Struct, frozen=True):
    """One engine and whether it works: broker, records, push, bullmq, or the disk."""

    name: str
    healthy: bool
    #: Since when it does, or does not.
    since: Timestamp


class HealthAnswer(Struct, frozen=True):
    """How the daemon is."""

    status: Literal["ok", "degraded", "starting", "draining"]
    #: Seconds since the start.
    uptime: float
    version: str
    timestamp: Timestamp
    engines: list[EngineView]


class ReadyAnswer(Struct, frozen=True):
    """Whether notifications are taken, and what of the daemon works."""

    #: degraded: they are, and something else is away. unavailable: the broker is away.
    status: Literal["ready", "degraded", "starting", "draining", "unavailable"]
    draining: bool
    #: Since when the status is that.
    since: Timestamp
    engines: list[EngineView]


class NotReadyAnswer(ReadyAnswer, frozen=True, kw_only=True):
    """As `ReadyAnswer`, in an answer that says no."""

    success: Literal[False] = False
    error: Problem


class StatusAnswer(Struct, frozen=True):
    """One word."""

    status: str


class QueueView(Struct, frozen=True, rename="camel"):
    """The queue at this moment."""

    waiting: int
    ready: int
    scheduled: int
    leased: int
    waiting_bytes: int
    max_size: int
    max_bytes: int
    paused: bool
    by_priority: dict[str, int]
    oldest_accepted_at: Timestamp | None


class QueueAnswer(Struct, frozen=True, kw_only=True):
    """The queue."""

    success: Literal[True] = True
    queue: QueueView


class ClearedAnswer(Struct, frozen=True, kw_only=True):
    """How many notifications were removed."""

    success: Literal[True] = True
    cleared: int


class HistoryUsage(Struct, frozen=True):
    """What the histories of all channels hold."""

    channels: int
    publications: int
    bytes: int


class InboxUsage(Struct, frozen=True):
    """What the inboxes of all users hold."""

    users: int
    notifications: int
    bytes: int


class DeadLetterUsage(Struct, frozen=True):
    """What is kept of what was given up."""

    count: int
    bytes: int


class AckUsage(Struct, frozen=True, rename="camel"):
    """Subscriptions with acks."""

    #: Durable subscriptions that are remembered.
    durable: int
    #: Deliveries that were sent, and neither acked nor timed out.
    unacked: int


class ReceiptUsage(Struct, frozen=True, rename="camel"):
    """What memory holds of receipts."""

    receipts: int
    timeline_events: int


class ChannelCountView(Struct, frozen=True, rename="camel"):
    """A channel, how many are subscribed to it, and how busy it was in the last seconds."""

    client_id: str
    channel: str
    subscriber_count: int
    publications_per_second: float


class StatsView(Struct, frozen=True, rename="camel"):
    """Figures of all nodes; counters rise from a node's start, everything else is of this moment."""

    timestamp: Timestamp
    uptime_seconds: float
    counters: dict[str, int]
    connections: int
    connections_by_transport: dict[str, int]
    channels: int
    subscriptions: int
    queue: QueueView
    history: HistoryUsage
    inboxes: InboxUsage
    dead_letters: DeadLetterUsage
    acks: AckUsage
    receipts: ReceiptUsage
    #: Records of the log in memory.
    log_entries: int
    outbox_bytes: int
    resident_bytes: int
    cpu_seconds: float
    open_files: int
    memory_limit_bytes: Annotated[int, Meta(description="What the machine allows; 0 for no limit, or none known.")]
    open_files_limit: int
    processors: float
    top_channels: Annotated[list[ChannelCountView], Meta(description="Those with the most subscribers.")]
    busiest_channels: Annotated[list[ChannelCountView], Meta(description="Those in which most happens.")]
    nodes: Annotated[int, Meta(description="How many nodes these are the figures of; 1 with a local broker.")]
    missing_nodes: Annotated[int, Meta(description="How many more did not answer in time, and are not in the figures.")]


class StatsAnswer(Struct, frozen=True, kw_only=True):
    """The figures."""

    success: Literal[True] = True
    stats: StatsView
