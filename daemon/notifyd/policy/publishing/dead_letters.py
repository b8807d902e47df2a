"""What a dead letter says of a delivery that was given up."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import DeadLetterId, UserId
from notifyd.model.notification import Kind

if TYPE_CHECKING:
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification

_STAGES: Final = {Kind.PUSH: Stage.PUSH, Kind.WEBHOOK: Stage.WEBHOOK}
_DIGEST_LENGTH: Final = 12


def letter_of(notification: Notification, *, reason: str, error: str, attempts: int, now: int) -> DeadLetter:
    """A whole notification, a push or a webhook's event that was given up at *now* (milliseconds)."""
    stage = _STAGES.get(notification.kind, Stage.DISPATCH)
    user_id = notification.users[0] if stage is Stage.PUSH else UserId("")
    letter_id = DeadLetterId(notification.id)
    return DeadLetter(letter_id, stage, notification, reason, error, attempts, now, user_id)


def receiver_letter_id(notification_id: NotificationId, stage: Stage, *receiver: str) -> DeadLetterId:
    """The id of what one receiver did not ack: the same for the same receiver, so that it is dead only once."""
    digest = hashlib.sha256("\0".join((stage.value, *receiver)).encode()).hexdigest()[:_DIGEST_LENGTH]
    return DeadLetterId(f"{notification_id}.{digest}")
