"""A notification and a dead letter as JSON, as engines keep them and nodes send them to each other."""

from __future__ import annotations

from typing import Final

import msgspec

from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import ClientId, ConnectionId, DeadLetterId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification

_VERSION: Final = 1


class _Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The fields of a `Notification` in an order that never changes: new ones go to the end, with a default."""

    version: int
    id: NotificationId
    client_id: ClientId
    kind: Kind
    channel: str
    data: msgspec.Raw
    #: null for none.
    metadata: msgspec.Raw
    priority: int
    accepted_at: int
    due_at: int
    expires_at: int
    order_key: int
    submitted_by: str
    users: tuple[UserId, ...]
    connections: tuple[ConnectionId, ...]
    parent: NotificationId
    request_id: str = ""


class _StoredLetter(msgspec.Struct, frozen=True, array_like=True):
    """As `_Stored`, of a `DeadLetter`."""

    version: int
    id: DeadLetterId
    stage: Stage
    notification: msgspec.Raw
    reason: str
    error: str
    attempts: int
    died_at: int
    user_id: UserId
    durable: str
    owner: str
    connection_id: ConnectionId
    epoch: str
    offset: int


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Stored).decode
_decode_letter: Final = msgspec.json.Decoder(_StoredLetter).decode
_NULL: Final = msgspec.Raw(b"null")


def encode_notification(notification: Notification) -> bytes:
    """*notification* as one line of JSON."""
    n = notification
    return _encode(
        _Stored(
            _VERSION,
            n.id,
            n.client_id,
            n.kind,
            n.channel,
            msgspec.Raw(n.data),
            msgspec.Raw(n.metadata) if n.metadata else _NULL,
            n.priority,
            n.accepted_at,
            n.due_at,
            n.expires_at,
            n.order_key,
            n.submitted_by,
            n.users,
            n.connections,
            n.parent,
            n.request_id,
        )
    )


def decode_notification(line: bytes | msgspec.Raw) -> Notification:
    """What `encode_notification` made *line* of.

    Raises:
        msgspec.DecodeError: it is something else, or of a version that is not known.
    """
    stored = _decode(line)
    if stored.version != _VERSION:
        raise msgspec.ValidationError(f"a notification of version {stored.version} is not known here")
    metadata = bytes(stored.metadata)
    return Notification(
        stored.id,
        stored.client_id,
        stored.kind,
        stored.channel,
        bytes(stored.data),
        b"" if metadata == b"null" else metadata,
        stored.priority,
        stored.accepted_at,
        stored.due_at,
        stored.expires_at,
        stored.order_key,
        stored.submitted_by,
        stored.users,
        stored.connections,
        stored.parent,
        stored.request_id,
    )


def encode_letter(letter: DeadLetter) -> bytes:
    """*letter* as one line of JSON."""
    return _encode(
        _StoredLetter(
            _VERSION,
            letter.id,
            letter.stage,
            msgspec.Raw(encode_notification(letter.notification)),
            letter.reason,
            letter.error,
            letter.attempts,
            letter.died_at,
            letter.user_id,
            letter.durable,
            letter.owner,
            letter.connection_id,
            letter.epoch,
            letter.offset,
        )
    )


def decode_letter(line: bytes | msgspec.Raw) -> DeadLetter:
    """What `encode_letter` made *line* of; raises as `decode_notification`."""
    stored = _decode_letter(line)
    if stored.version != _VERSION:
        raise msgspec.ValidationError(f"a dead letter of version {stored.version} is not known here")
    return DeadLetter(
        stored.id,
        stored.stage,
        decode_notification(stored.notification),
        stored.reason,
        stored.error,
        stored.attempts,
        stored.died_at,
        stored.user_id,
        stored.durable,
        stored.owner,
        stored.connection_id,
        stored.epoch,
        stored.offset,
    )
