"""`notification-job`: what a user's connection hands in, on Socket.IO and in the plain JSON dialect."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from notifyd.clock import ms_of
from notifyd.errors import Denied, Invalid
from notifyd.model.command import Publish
from notifyd.model.ids import ConnectionId, UserId
from notifyd.model.notification import DEFAULT_PRIORITY, Kind
from notifyd.model.request_ids import usable_request_id
from notifyd.wire.json import encode

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId


class _Job(msgspec.Struct, rename="camel"):
    #: One value under two names.
    payload: Any = msgspec.UNSET
    data: Any = msgspec.UNSET
    sockets: list[str] | None = None
    #: Back ends that number their users put numbers into their tokens too.
    users: list[str | int] | None = None
    client_id: str | None = None
    #: The label of what goes to everyone.
    channel: str = ""
    metadata: dict[str, Any] | None = None
    priority: int | None = None
    ttl: int | None = None
    expires_at: datetime | int | None = None
    delay: int | None = None
    deliver_at: datetime | int | None = None
    idempotency_key: str = ""
    #: Echoed in the answer, and kept with the notification.
    request_id: str | int | None = None


def job_command(body: object, client_id: ClientId) -> Publish:
    """What *body*, JSON that was decoded, asks for when it comes over a connection of *client_id*.

    Raises:
        Invalid: it is no job (`invalid_message`), or cannot be written as JSON again (`invalid_json`).
        Denied: it names another client.
    """
    job = _parse(body)
    if job.client_id is not None and job.client_id != client_id:
        raise Denied("clientId is another client's: a connection publishes within its own", code="wrong_client")
    users = tuple(UserId(str(user)) for user in job.users or ())
    connections = tuple(ConnectionId(socket) for socket in job.sockets or ())
    return Publish(
        kind=Kind.USERS if users else Kind.CONNECTIONS if connections else Kind.BROADCAST,
        channel=job.channel,
        data=_json(_payload(job), "payload"),
        metadata=b"" if job.metadata is None else _json(job.metadata, "metadata"),
        priority=DEFAULT_PRIORITY if job.priority is None else job.priority,
        ttl_ms=job.ttl,
        expires_at=_milliseconds(job.expires_at),
        delay_ms=job.delay,
        deliver_at=_milliseconds(job.deliver_at),
        idempotency_key=job.idempotency_key,
        users=users,
        connections=connections,
        request_id=usable_request_id(job.request_id),
    )


def _parse(body: object) -> _Job:
    try:
        return msgspec.convert(body, _Job)
    except msgspec.ValidationError as exc:
        raise Invalid(f"notification-job: {exc}", code="invalid_message") from exc


def _payload(job: _Job) -> Any:
    given = [value for value in (job.payload, job.data) if value is not msgspec.UNSET]
    if not given:
        raise Invalid("notification-job needs payload, or data", code="invalid_message")
    if len(given) > 1 and not _same(*given):
        raise Invalid("payload and data are one value under two names, and here they differ", code="invalid_message")
    return given[0]


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except RecursionError:
        return False


def _json(value: Any, what: str) -> bytes:
    try:
        return encode(value) if _is_json(value) else _refuse_binary(what)
    except (UnicodeError, RecursionError, TypeError, OverflowError) as exc:
        raise Invalid(f"{what} cannot be written as JSON in UTF-8", code="invalid_json") from exc


def _refuse_binary(what: str) -> bytes:
    raise Invalid(f"{what} holds binary data: a notification carries JSON, so send it in base64", code="binary_payload")


def _is_json(value: object) -> bool:
    """Whether no binary attachment stands in it; the encoder would let it pass as a text."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    return not isinstance(value, (bytes, bytearray, memoryview))


def _milliseconds(instant: datetime | int | None) -> int | None:
    if not isinstance(instant, datetime):
        return instant
    if instant.tzinfo is None:
        raise Invalid("expiresAt and deliverAt need a time zone, such as Z", code="invalid_message")
    return ms_of(instant)
