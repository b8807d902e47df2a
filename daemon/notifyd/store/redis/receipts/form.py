"""How Redis keeps the receipt of what was settled, and the events of a timeline: as JSON that no script looks into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.ids import ClientId, NotificationId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.receipt import Receipt
from notifyd.model.timeline import Happening, TimelineEvent

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.store.options import ReceiptLimits

_VERSION: Final = 1


#: The upkeep lets go of what is over age; Redis does where there is nobody to do that.
_SLACK_MS: Final = 60_000


def kept_ms(limits: ReceiptLimits) -> int:
    """For how many milliseconds Redis keeps a receipt at most."""
    return int(limits.max_age_seconds * 1000) + _SLACK_MS


class Ending(msgspec.Struct, frozen=True, gc=False):
    """How a notification ended."""

    state: State
    settled_at: int
    #: What its receipt tells as due, and how many tries failed.
    due_at: int
    attempts: int = 0
    delivered: int = 0
    #: Its place in its channel.
    epoch: str = ""
    offset: int = 0
    reason: str = ""


class _Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The fields of a `Receipt` in an order that never changes: new ones go to the end, with a default."""

    version: int
    client_id: ClientId
    kind: Kind
    channel: str
    priority: int
    accepted_at: int
    expires_at: int
    submitted_by: str
    state: State
    settled_at: int
    due_at: int
    attempts: int
    delivered: int
    epoch: str
    offset: int
    reason: str
    request_id: str = ""


class _StoredEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """As `_Stored`, of a `TimelineEvent`."""

    at: int
    happening: Happening
    user_id: UserId
    receiver: str
    attempt: int
    detail: str


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Stored).decode
_decode_event: Final = msgspec.json.Decoder(_StoredEvent).decode


def encode_receipt(notification: Notification, ending: Ending) -> bytes:
    """The receipt of *notification*, without its id, its users and what is noted about it."""
    n, e = notification, ending
    return _encode(
        _Stored(
            _VERSION,
            n.client_id,
            n.kind,
            n.channel,
            n.priority,
            n.accepted_at,
            n.expires_at,
            n.submitted_by,
            e.state,
            e.settled_at,
            e.due_at,
            e.attempts,
            e.delivered,
            e.epoch,
            e.offset,
            e.reason,
            n.request_id,
        )
    )


def decode_receipt(notification_id: NotificationId, line: bytes) -> Receipt:
    """What `encode_receipt` made *line* of.

    Raises:
        msgspec.DecodeError: it is something else, or of a version that is not known.
    """
    stored = _decode(line)
    if stored.version != _VERSION:
        raise msgspec.ValidationError(f"a receipt of version {stored.version} is not known here")
    return Receipt(
        notification_id,
        stored.client_id,
        stored.kind,
        stored.channel,
        stored.priority,
        stored.state,
        stored.accepted_at,
        stored.due_at,
        stored.expires_at,
        stored.settled_at,
        stored.attempts,
        stored.delivered,
        stored.epoch,
        stored.offset,
        stored.reason,
        (),
        stored.submitted_by,
        request_id=stored.request_id,
    )


def receipt_of(notification: Notification, ending: Ending) -> Receipt:
    """As it is told, at once or of what waits."""
    n, e = notification, ending
    return Receipt(
        n.id,
        n.client_id,
        n.kind,
        n.channel,
        n.priority,
        e.state,
        n.accepted_at,
        e.due_at,
        n.expires_at,
        e.settled_at,
        e.attempts,
        e.delivered,
        e.epoch,
        e.offset,
        e.reason,
        (),
        n.submitted_by,
        request_id=n.request_id,
    )


def encode_event(event: TimelineEvent) -> bytes:
    """*event* as one line of JSON."""
    return _encode(_StoredEvent(event.at, event.happening, event.user_id, event.receiver, event.attempt, event.detail))


def decode_event(line: bytes) -> TimelineEvent:
    """What `encode_event` made *line* of; raises as `decode_receipt`."""
    stored = _decode_event(line)
    return TimelineEvent(stored.at, stored.happening, stored.user_id, stored.receiver, stored.attempt, stored.detail)
