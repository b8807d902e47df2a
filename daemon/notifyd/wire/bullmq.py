"""Jobs of a BullMQ queue: what their data asks for, and what they are answered. The page is notifyd-protocol(7)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from notifyd.clock import ms_of
from notifyd.errors import Invalid, NotifydError, TooLarge
from notifyd.model.command import Publish
from notifyd.model.ids import ClientId, ConnectionId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.model.request_ids import usable_request_id
from notifyd.wire.json import encode

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId


class _Data(msgspec.Struct, rename="camel", gc=False):
    client_id: str | None = None
    #: One value under two names, carried as it is.
    payload: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    data: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    #: Back ends that number their users put numbers into their tokens too.
    users: list[str | int] | None = None
    channel: str | None = None
    sockets: list[str] | None = None
    metadata: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    priority: int | None = None
    ttl: int | None = None
    expires_at: datetime | int | None = None
    delay: int | None = None
    deliver_at: datetime | int | None = None
    idempotency_key: str | None = None
    request_id: str | int | None = None


_decode: Final = msgspec.json.Decoder(_Data).decode


class JobIdentity(msgspec.Struct, frozen=True, gc=False):
    """What tells a job from every other, one of the same id that was added after it had been removed included."""

    #: With its prefix.
    queue: str
    id: str
    #: When it was added, in milliseconds since the Unix epoch.
    timestamp: int


def job_publish(data: str, identity: JobIdentity, *, max_bytes: int) -> tuple[ClientId, Publish]:
    """Which client's notification a job with this *data*, JSON, is.

    Where the data bring no idempotency key, the command has that of the job: run again, it is the same notification.

    Raises:
        TooLarge: the data are over *max_bytes*.
        Invalid: they are no such job.
    """
    job = _parsed(data, max_bytes)
    if not job.client_id:
        raise Invalid("clientId is missing: name the client whose notification this is", code="invalid_job")
    users = tuple([UserId(str(user)) for user in job.users or ()])
    connections = tuple([ConnectionId(socket) for socket in job.sockets or ()])
    command = Publish(
        kind=_kind(job),
        channel=job.channel or "",
        data=_payload(job),
        metadata=bytes(job.metadata),
        priority=DEFAULT_PRIORITY if job.priority is None else job.priority,
        ttl_ms=job.ttl,
        expires_at=_milliseconds(job.expires_at),
        delay_ms=job.delay,
        deliver_at=_milliseconds(job.deliver_at),
        idempotency_key=job.idempotency_key or idempotency_key(identity),
        users=users,
        connections=connections,
        request_id=usable_request_id(job.request_id) or usable_request_id(f"bullmq:{identity.id}"),
    )
    return ClientId(job.client_id), command


def idempotency_key(identity: JobIdentity) -> str:
    """The idempotency key of a job: ids are any text of any length, keys are not."""
    return f"bullmq-{hashlib.sha256(encode(identity)).hexdigest()}"


def receipt(notification_id: NotificationId, durability: str) -> dict[str, Any]:
    """The return value of a job whose notification was accepted."""
    return {"success": True, "notificationId": notification_id, "status": "accepted", "durability": durability}


def reason(problem: NotifydError) -> str:
    """Why a job failed: the stable word first, then the sentence."""
    return f"{problem.code}: {problem.told}"


def _parsed(data: str, max_bytes: int) -> _Data:
    try:
        body = data.encode()
        if len(body) > max_bytes:
            raise TooLarge(f"the job's data have {len(body)} bytes, at most {max_bytes} are allowed")
        return _decode(body)
    except msgspec.ValidationError as exc:
        raise Invalid(f"the job's data: {exc}", code="invalid_job") from exc
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as exc:
        raise Invalid(f"the job's data are no JSON object: {exc}", code="invalid_json") from exc


def _kind(job: _Data) -> Kind:
    if not job.channel:
        return Kind.USERS if job.users else Kind.CONNECTIONS if job.sockets else Kind.BROADCAST
    if job.users or job.sockets:
        raise Invalid("name users and sockets, or a channel, not both", code="invalid_job")
    return Kind.CHANNEL


def _payload(job: _Data) -> bytes:
    payload, data = bytes(job.payload), bytes(job.data)
    if not payload and not data:
        raise Invalid("payload (or data) is missing", code="invalid_job")
    if payload and data and not _same(payload, data):
        raise Invalid("payload and data are one value under two names, and here they differ", code="invalid_job")
    return payload or data


def _same(one: bytes, other: bytes) -> bool:
    try:
        return one == other or bool(msgspec.json.decode(one) == msgspec.json.decode(other))
    except RecursionError:
        return False


def _milliseconds(instant: datetime | int | None) -> int | None:
    if not isinstance(instant, datetime):
        return instant
    if instant.tzinfo is None:
        raise Invalid("expiresAt and deliverAt need a time zone, such as Z", code="invalid_job")
    return ms_of(instant)
