"""What stands in a mirror at a place whose notification was withheld, or cannot be read."""

from __future__ import annotations

from notifyd.model.ids import ClientId, NotificationId
from notifyd.model.notification import Kind, Notification


def gone(kind: Kind) -> Notification:
    """One for nobody: it has always been expired."""
    return Notification(
        id=NotificationId(""),
        client_id=ClientId(""),
        kind=kind,
        channel="",
        data=b"null",
        metadata=b"",
        priority=5,
        accepted_at=0,
        due_at=0,
        expires_at=0,
        order_key=0,
    )
