"""Dead letters as protobuf messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.v1 import types_pb2
from notifyd.wire.rpc.messages import position_message, timeline_message, timestamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.timeline import TimelineEvent


def dead_letter_message(letter: DeadLetter) -> types_pb2.DeadLetter:
    """One dead letter without what it carries."""
    notification = letter.notification
    return types_pb2.DeadLetter(
        id=letter.id,
        client_id=letter.client_id,
        stage=letter.stage.value,
        notification_id=letter.notification_id,
        kind=notification.kind.value,
        channel=notification.channel,
        reason=letter.reason,
        error=letter.error,
        attempts=letter.attempts,
        died_at=timestamp_of(letter.died_at),
        user_id=letter.user_id,
        durable=letter.durable,
        connection_id=letter.connection_id,
        position=position_message(letter.epoch, letter.offset),
        priority=notification.priority,
        accepted_at=timestamp_of(notification.accepted_at),
        expires_at=timestamp_of(notification.expires_at),
        request_id=notification.request_id,
    )


def whole_dead_letter_message(letter: DeadLetter, timeline: Iterable[TimelineEvent] = ()) -> types_pb2.DeadLetter:
    """One dead letter with what it carries, and *timeline* as what happened to its notification."""
    message = dead_letter_message(letter)
    message.data_json = letter.notification.data.decode()
    message.metadata_json = letter.notification.metadata.decode()
    message.timeline.extend(map(timeline_message, timeline))
    return message
