"""The bodies of the REST interface that are about what comes after the dispatch, as those in `wire.rest.bodies`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from notifyd.wire.rest.bodies import Data, Instant, Position, Timestamp, Ttl
from notifyd.wire.rest.receipt_bodies import TimelineEventView

StageWord = Literal["dispatch", "push", "webhook", "subscription", "inbox"]
JsonObject = Annotated[Raw, Meta(extra_json_schema={"type": ["object", "null"]}, description="A JSON object.")]


class DeadLetterView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One delivery that was given up."""

    id: str
    client_id: str
    stage: StageWord
    #: The notification as its producer knows it.
    notification_id: str
    kind: Literal["channel", "broadcast", "users", "connections", "push", "webhook"]
    #: The channel, or the name of the webhook.
    channel: str | None
    #: A word: fault, ack_timeout, nacked, or what the push provider or the webhook answered.
    reason: str
    #: How the last try failed.
    error: str
    attempts: int
    died_at: Timestamp
    #: Whose inbox or devices.
    user_id: str | None
    #: The durable subscription, or the connection of one without a name.
    durable: str | None
    connection_id: str | None
    #: Its place in the channel or the inbox.
    position: Position | None
    priority: int
    accepted_at: Timestamp
    expires_at: Timestamp
    #: Of the request that handed the notification in; null where it had none.
    request_id: str | None


class WholeDeadLetterView(DeadLetterView, frozen=True, kw_only=True, rename="camel"):
    """One dead letter with what it carries."""

    data: Data
    metadata: JsonObject
    #: What happened to its notification, as far as that is still known; absent in an export.
    timeline: list[TimelineEventView] | UnsetType = UNSET


class DeadLettersAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Dead letters, the newest first."""

    success: Literal[True] = True
    dead_letters: list[DeadLetterView]
    #: All that fit.
    total: int


class DeadLetterAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """One dead letter."""

    success: Literal[True] = True
    dead_letter: WholeDeadLetterView


class DeadLetterFilterBody(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Which dead letters; an absent field stands for all."""

    client_id: str = ""
    stage: StageWord | Literal[""] = ""
    reason: str = ""
    channel: str = ""
    user_id: str = ""
    notification_id: str = ""
    since: Instant | None = None
    until: Instant | None = None


class RetryBody(Struct, frozen=True):
    """How a dead letter is put back."""

    ttl: Ttl | None = None


class RetryManyBody(Struct, frozen=True):
    """Which dead letters are put back: ids, or a filter; an empty filter means all."""

    ids: list[str] | None = None
    filter: DeadLetterFilterBody | None = None
    ttl: Ttl | None = None


class RetriedAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The dead letter was put back."""

    success: Literal[True] = True
    #: The notification that it goes on as.
    notification_id: str


class RefusedView(Struct, frozen=True):
    """Why one was refused."""

    code: str
    message: str


class RetriedView(Struct, frozen=True, rename="camel"):
    """What became of one retry."""

    id: str
    notification_id: str | None
    #: Why it stays a dead letter, null for not.
    error: RefusedView | None


class RetriedManyAnswer(Struct, frozen=True, kw_only=True):
    """What became of each."""

    success: Literal[True] = True
    #: How many were put back.
    retried: int
    results: list[RetriedView]


class DroppedAnswer(Struct, frozen=True, kw_only=True):
    """How many dead letters were dropped."""

    success: Literal[True] = True
    dropped: int


class MemberView(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A user with all connections, or one connection of a key."""

    #: Absent for a key.
    user_id: str = ""
    connection_ids: list[str]
    #: Of the first of them.
    joined_at: Timestamp


class PresenceAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is in a channel."""

    success: Literal[True] = True
    channel: str
    #: All members, named or not.
    member_count: int
    subscriber_count: int
    members: list[MemberView]


class DurableView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscription with a name, which outlives its connections."""

    client_id: str
    channel: str
    name: str
    #: Whose it is; null for the client's keys.
    user_id: str | None
    #: Everything up to here is acked, given up or expired.
    position: Position
    #: Kept and not acked, those that are on their way included.
    pending: int
    #: Sent, and neither acked nor timed out yet.
    unacked: int
    connections: int
    used_at: Timestamp | None


class DurablesAnswer(Struct, frozen=True, kw_only=True):
    """Durable subscriptions, by client, channel and name."""

    success: Literal[True] = True
    subscriptions: list[DurableView]


class DurableAnswer(Struct, frozen=True, kw_only=True):
    """The durable subscription as it was."""

    success: Literal[True] = True
    subscription: DurableView
