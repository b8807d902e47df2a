"""The model as protobuf messages, and back. Instants are milliseconds since the Unix epoch on our side."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec
from google.protobuf.timestamp_pb2 import Timestamp

from notifyd.errors import Invalid
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.model.position import StreamPosition
from notifyd.v1 import admin_pb2, types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message

    from notifyd.model.client import Client
    from notifyd.model.device import Device
    from notifyd.model.key import ApiKey
    from notifyd.model.presence import Member
    from notifyd.model.publication import Publication
    from notifyd.model.receipt import Receipt, UserReceipt
    from notifyd.model.timeline import TimelineEvent

#: Key of `listen_frame` among the hub's encoders.
LISTEN_FORMAT: Final = "rpc"
_HEAD: Final = struct.Struct(">I")
_KINDS: Final = {"channel": Kind.CHANNEL, "broadcast": Kind.BROADCAST, "users": Kind.USERS}


def client_of(client_id: str) -> ClientId:
    """The client that a request names; empty means `default`."""
    return ClientId(client_id) if client_id else DEFAULT_CLIENT


def any_client_of(client_id: str) -> ClientId | None:
    """The client that a request narrows to; empty means all."""
    return ClientId(client_id) if client_id else None


def timestamp_of(instant: int | None) -> Timestamp | None:
    """An instant as protobuf says it; None and 0 stand for "never" and stay unset."""
    if not instant:
        return None
    stamp = Timestamp()
    stamp.FromMilliseconds(instant)
    return stamp


def instant_of(message: Message, field: str) -> int | None:
    """The instant in the Timestamp *field*, or None where it is unset.

    Raises:
        Invalid: it lies outside the years 1 to 9999.
    """
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    try:
        stamp.ToDatetime()
    except (ValueError, OverflowError) as exc:
        raise Invalid(f"{field} is not a valid instant") from exc
    return stamp.ToMilliseconds()


def position_of(position: types_pb2.StreamPosition) -> StreamPosition:
    """A position as clients send it."""
    return StreamPosition(position.epoch, position.offset)


def position_message(epoch: str, offset: int) -> types_pb2.StreamPosition | None:
    """A position; the empty epoch stands for "no place" and stays unset."""
    return types_pb2.StreamPosition(epoch=epoch, offset=offset) if epoch else None


def publish_command(request: types_pb2.PublishRequest, request_id: str = "") -> Publish:
    """What a producer asks for, in the call that *request_id* names.

    Raises:
        Invalid: the target is missing, a text is not JSON, or an instant is none.
    """
    target = request.target.WhichOneof("to")
    if target is None:
        raise Invalid("target is missing: it is a channel, a broadcast or users", code="invalid_target")
    kind = _KINDS[target]
    return Publish(
        kind=kind,
        channel="" if kind is Kind.USERS else getattr(request.target, target),
        users=tuple(map(UserId, request.target.users.user_ids)),
        data=_json(request.data_json, "data_json"),
        metadata=_json(request.metadata_json, "metadata_json") if request.metadata_json else b"",
        priority=request.priority if request.HasField("priority") else DEFAULT_PRIORITY,
        ttl_ms=request.ttl_ms if request.HasField("ttl_ms") else None,
        expires_at=instant_of(request, "expires_at"),
        delay_ms=request.delay_ms if request.HasField("delay_ms") else None,
        deliver_at=instant_of(request, "deliver_at"),
        idempotency_key=request.idempotency_key,
        request_id=request_id,
    )


def _json(text: str, field: str) -> bytes:
    value = text.strip(" \t\r\n").encode()
    try:
        # skips over the value without building it, and finds every error on the way
        msgspec.json.decode(value, type=msgspec.Raw)
    except msgspec.DecodeError as exc:
        raise Invalid(f"{field} is not one JSON value: {exc}", code="invalid_json") from exc
    except RecursionError as exc:
        raise Invalid(f"{field} is nested too deep", code="too_deep") from exc
    return value


def publication_message(publication: Publication) -> types_pb2.Publication:
    """What subscribers receive."""
    notification = publication.notification
    position = publication.position
    return types_pb2.Publication(
        id=notification.id,
        channel=notification.channel or None,
        data_json=notification.data.decode(),
        metadata_json=notification.metadata.decode(),
        priority=notification.priority,
        timestamp=timestamp_of(notification.accepted_at),
        position=None if position is None else position_message(position.epoch, position.offset),
        user_id=publication.user_id,
        attempt=publication.attempt,
    )


def receipt_message(receipt: Receipt) -> types_pb2.Receipt:
    """What became of one notification."""
    position = receipt.position
    return types_pb2.Receipt(
        id=receipt.id,
        client_id=receipt.client_id,
        kind=receipt.kind.value,
        channel=receipt.channel,
        priority=receipt.priority,
        state=receipt.state.value,
        accepted_at=timestamp_of(receipt.accepted_at),
        due_at=timestamp_of(receipt.due_at),
        expires_at=timestamp_of(receipt.expires_at),
        settled_at=timestamp_of(receipt.settled_at),
        attempts=receipt.attempts,
        delivered=receipt.delivered,
        position=None if position is None else position_message(position.epoch, position.offset),
        reason=receipt.reason,
        users=map(_user_receipt, receipt.users),
        stored=receipt.stored,
        arrived=receipt.arrived,
        pushed=receipt.pushed,
        failed=receipt.failed,
        acked=receipt.acked + receipt.arrived,
        timeline=map(timeline_message, receipt.timeline),
        request_id=receipt.request_id,
    )


def timeline_message(event: TimelineEvent) -> types_pb2.TimelineEvent:
    """One thing that happened."""
    return types_pb2.TimelineEvent(
        at=timestamp_of(event.at),
        event=event.happening.value,
        user_id=event.user_id,
        receiver=event.receiver,
        attempt=event.attempt,
        detail=event.detail,
    )


def _user_receipt(row: UserReceipt) -> types_pb2.UserReceipt:
    return types_pb2.UserReceipt(
        user_id=row.user_id,
        state=row.state.value,
        offset=row.offset,
        connections=row.connections,
        pushed=row.pushed,
        failed=row.failed,
        reason=row.reason,
    )


def client_message(client: Client, *, now: int) -> types_pb2.Client:
    """A client without its secret, as it stands at *now*."""
    return types_pb2.Client(
        id=client.id,
        name=client.name,
        url=client.url,
        description=client.description,
        cookie_name=client.cookie_name,
        created_at=timestamp_of(client.created_at),
        updated_at=timestamp_of(client.updated_at),
        previous_secret_until=timestamp_of(client.overlaps_until(now)),
    )


def device_message(device: Device) -> types_pb2.Device:
    """A device, of whose push token only a hint is told."""
    return types_pb2.Device(
        id=device.id,
        client_id=device.client_id,
        user_id=device.user_id,
        token_hint=device.token_hint,
        created_at=timestamp_of(device.created_at),
        seen_at=timestamp_of(device.seen_at),
    )


def key_message(key: ApiKey, *, now: int) -> types_pb2.ApiKey:
    """What is kept of a key, and how it stands at *now*."""
    return types_pb2.ApiKey(
        id=key.id,
        client_id=key.client_id,
        name=key.name,
        scopes=key.scopes,
        allowed_cidrs=key.allowed_cidrs,
        created_at=timestamp_of(key.created_at),
        expires_at=timestamp_of(key.expires_at),
        revoked_at=timestamp_of(key.revoked_at),
        last_used_at=timestamp_of(key.last_used_at),
        status=key.status(now),
        previous_until=timestamp_of(key.overlaps_until(now)),
    )


def member_message(member: Member) -> types_pb2.Member:
    """One member of a channel."""
    return types_pb2.Member(
        user_id=member.user_id, connection_ids=member.connection_ids, joined_at=timestamp_of(member.joined_at)
    )


def opening_event(
    channel: str,
    position: StreamPosition,
    recovered: bool | None,
    *,
    replayed: int,
    skipped: int,
    connection_id: str = "",
) -> bytes:
    """How a subscription begins, as a serialized ListenEvent; *channel* is empty for an inbox.

    *connection_id* is told where acks are wanted. SubscribeEvent has the same fields under the same numbers, so that
    this and `listen_event` are those of both.
    """
    subscribed = admin_pb2.Subscribed(
        channel=channel,
        position=position_message(position.epoch, position.offset),
        recovered=recovered,
        replayed=replayed,
        skipped=skipped,
        connection_id=connection_id,
    )
    return admin_pb2.ListenEvent(subscribed=subscribed).SerializeToString()


def listen_event(publication: Publication) -> bytes:
    """A publication as a serialized ListenEvent."""
    return admin_pb2.ListenEvent(publication=publication_message(publication)).SerializeToString()


def listen_frame(publication: Publication) -> bytes:
    """As `listen_event`, behind its length, so that frames may be joined; made once for all listeners."""
    event = listen_event(publication)
    return _HEAD.pack(len(event)) + event


def split_frames(frames: bytes) -> Iterator[bytes]:
    """The serialized events of joined listen frames."""
    start = 0
    while start < len(frames):
        (length,) = _HEAD.unpack_from(frames, start)
        start += _HEAD.size
        yield frames[start : start + length]
        start += length
