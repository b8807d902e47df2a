"""What goes on for a dead letter that an operator puts back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from notifyd.errors import Conflict
from notifyd.model.dead_letter import Stage
from notifyd.model.notification import Kind
from notifyd.policy.naming.ids import new_notification_id
from notifyd.policy.publishing.order import order_key

if TYPE_CHECKING:
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import Notification


def notification_again(letter: DeadLetter, *, now: int, ttl_ms: int | None, ageing_ms: int) -> Notification:
    """The notification of *letter*, due at *now*; where one user did not ack it, a new one for that user alone.

    It lives as long as it would have, or *ttl_ms* from now where that is longer.

    Raises:
        Conflict: it has expired, and there is no *ttl_ms*, or a subscription did not ack it.
    """
    notification = letter.notification
    expires_at = notification.expires_at if ttl_ms is None else max(notification.expires_at, now + ttl_ms)
    if notification.expires_at <= now and letter.stage is Stage.SUBSCRIPTION:
        # A subscription is handed it from the history, which has nothing that expired: no ttl helps.
        raise Conflict("it has expired, and its channel does not keep it any more: publish it again", code="not_kept")
    if expires_at <= now:
        raise Conflict("it has expired: put it back with a new ttl", code="expired")
    key = order_key(now, notification.priority, ageing_ms)
    again = replace(notification, due_at=now, expires_at=expires_at, order_key=key)
    if letter.stage is not Stage.INBOX:
        return again
    # The others have it: the users of a notification are told apart by its id.
    return replace(
        again,
        id=new_notification_id(now),
        kind=Kind.USERS,
        accepted_at=now,
        users=(letter.user_id,),
        connections=(),
        parent=letter.notification_id,
    )
