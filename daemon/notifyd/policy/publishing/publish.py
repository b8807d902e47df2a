"""From a Publish command to the notification it stands for, or to a sentence that says what is wrong with it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from notifyd.errors import Denied, Invalid, TooLarge
from notifyd.model.notification import MAX_PRIORITY, MIN_PRIORITY, Kind, Notification
from notifyd.policy.access.scopes import matches
from notifyd.policy.naming.channels import check_channel
from notifyd.policy.naming.targets import DIRECT, check_targets
from notifyd.policy.publishing.order import order_key
from notifyd.policy.publishing.payload import check_json

if TYPE_CHECKING:
    from notifyd.model.command import Publish
    from notifyd.model.ids import NotificationId
    from notifyd.model.principal import Principal

MAX_IDEMPOTENCY_KEY_LENGTH = 255

#: A hundred years: instants beyond that cannot be written as dates, nor kept by every engine.
MAX_LIFE_MS = 3_155_760_000_000


#: What a frame has at most beside data, metadata and the channel's name, in any format: names, id, position, framing.
FRAME_OVERHEAD_BYTES = 512

#: What one character of a channel's name takes at most.
_CHARACTER_BYTES = 4


class PublishRules(msgspec.Struct, frozen=True):
    """The settings that bound a notification; lengths in milliseconds."""

    message_expiry_ms: int
    ageing_ms: int
    max_schedule_ms: int
    max_data_bytes: int
    max_data_depth: int
    max_channel_length: int
    #: What an idle connection's outbox holds: a larger frame would end everybody whom it reaches.
    max_frame_bytes: int = 1_048_576
    #: Users and connections that one notification may name.
    max_targets: int = 1000


def check_grant(principal: Principal, command: Publish) -> None:
    """Pass when *principal* may publish this, the channel's name being checked.

    Raises:
        Denied: the scope is missing; the message names the one that would do.
    """
    grants = principal.grants
    if command.kind is Kind.BROADCAST:
        if not grants.broadcast:
            raise Denied("this credential may not broadcast: a key needs the scope broadcast", code="scope_missing")
    elif command.kind in DIRECT:
        if not grants.users:
            raise Denied("this credential may not publish to users: a key needs the scope users", code="scope_missing")
    elif not matches(grants.publish, command.channel):
        raise Denied(
            f"this credential may not publish to {command.channel!r}: it needs the scope publish:{command.channel}",
            code="scope_missing",
        )


def notification_of(
    command: Publish, principal: Principal, notification_id: NotificationId, *, now: int, rules: PublishRules
) -> Notification:
    """The notification that *command* asks for, complete and within the rules.

    Raises:
        Invalid: a field is out of its range, or two fields contradict each other.
        TooLarge: data or metadata are over their limit, or no connection could hold both.
    """
    if not MIN_PRIORITY <= command.priority <= MAX_PRIORITY:
        raise Invalid(f"priority is {command.priority}, it must be {MIN_PRIORITY} to {MAX_PRIORITY}")
    if command.kind is Kind.CHANNEL or command.channel:
        check_channel(command.channel, max_length=rules.max_channel_length)
    users, connections = check_targets(command, most=rules.max_targets)
    limits = {"max_bytes": rules.max_data_bytes, "max_depth": rules.max_data_depth}
    data = check_json(command.data, what="data", **limits)
    metadata = _metadata(command.metadata, limits)
    _check_frame(len(data) + len(metadata), command.channel, rules)
    due_at = _due_at(command, now, rules)
    return Notification(
        id=notification_id,
        client_id=principal.client_id,
        kind=command.kind,
        channel=command.channel,
        data=data,
        metadata=metadata,
        priority=command.priority,
        accepted_at=now,
        due_at=due_at,
        expires_at=_expires_at(command, now, due_at, rules),
        order_key=order_key(due_at, command.priority, rules.ageing_ms),
        submitted_by=principal.credential,
        users=users,
        connections=connections,
        request_id=command.request_id,
    )


def _metadata(value: bytes, limits: dict[str, int]) -> bytes:
    if not value or value == b"null":
        return b""
    if not value.lstrip().startswith(b"{"):
        raise Invalid("metadata must be a JSON object")
    return check_json(value, what="metadata", **limits)


def _check_frame(size: int, channel: str, rules: PublishRules) -> None:
    room = rules.max_frame_bytes - FRAME_OVERHEAD_BYTES - _CHARACTER_BYTES * len(channel)
    if size > room:
        raise TooLarge(
            f"data and metadata have {size} bytes together, at most {max(0, room)} are allowed on this channel: "
            "a connection's outbox (websocket.outbox_bytes) holds no more"
        )


def _due_at(command: Publish, now: int, rules: PublishRules) -> int:
    if command.delay_ms is None and command.deliver_at is None:
        return now
    if command.delay_ms is not None and command.deliver_at is not None:
        raise Invalid("give delay or deliverAt, not both")
    if command.delay_ms is not None and command.delay_ms < 0:
        raise Invalid("delay is negative; it is a number of milliseconds from now")
    due_at = now + command.delay_ms if command.delay_ms is not None else command.deliver_at or 0
    if due_at - now > rules.max_schedule_ms:
        raise Invalid(f"scheduled too far ahead: at most {rules.max_schedule_ms} ms from now are allowed")
    return max(now, due_at)


def _expires_at(command: Publish, now: int, due_at: int, rules: PublishRules) -> int:
    if command.ttl_ms is not None and command.expires_at is not None:
        raise Invalid("give ttl or expiresAt, not both")
    if command.ttl_ms is not None:
        if command.ttl_ms <= 0:
            raise Invalid("ttl must be positive; it is a number of milliseconds from when it is due")
        if command.ttl_ms > MAX_LIFE_MS:
            raise Invalid(f"ttl is over a hundred years: at most {MAX_LIFE_MS} ms are allowed")
        return due_at + command.ttl_ms
    if command.expires_at is None:
        return due_at + rules.message_expiry_ms
    if command.expires_at <= now:
        raise Invalid("expiresAt is in the past")
    if command.expires_at <= due_at:
        raise Invalid("expiresAt is not after deliverAt: it would expire before it is delivered")
    if command.expires_at - now > MAX_LIFE_MS:
        raise Invalid("expiresAt is over a hundred years ahead")
    return command.expires_at


def check_idempotency_key(key: str) -> str:
    """*key* itself when it may be an idempotency key.

    Raises:
        Invalid: it is empty, too long, or not printable ASCII.
    """
    if not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise Invalid(
            f"Idempotency-Key must be 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} printable ASCII characters",
            code="invalid_idempotency_key",
        )
    return key


def fingerprint(command: Publish) -> str:
    """A digest of everything that makes two commands the same one, the same in every version: it is kept."""
    said = msgspec.structs.asdict(command) | {"idempotency_key": ""}
    del said["request_id"]
    # the first version had neither, and what it has kept is to be found again
    same = {name: value for name, value in said.items() if value or name not in ("users", "connections")}
    return hashlib.sha256(msgspec.json.encode(same)).hexdigest()
