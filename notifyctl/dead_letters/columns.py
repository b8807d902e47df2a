"""How dead letters are shown."""

from __future__ import annotations

from typing import Final

from notifyctl.showing.output import Column
from notifyctl.showing.receipts import events
from notifyctl.values.moments import relative

_STAGE: Final = Column("Stage", "stage", style="yellow", spare=True)
_REASON: Final = Column("Reason", "reason", style="red")
LISTED: Final = (
    Column("ID", "id", style="cyan"),
    _STAGE,
    _REASON,
    Column("Channel", "channel", spare=True),
    Column("User", "userId", spare=True),
    Column("Durable", "durable", spare=True),
    Column("Attempts", "attempts", spare=True),
    Column("Died", "diedAt", human=relative),
    Column("Error", "error", spare=True),
    Column("Client", "clientId", spare=True),
    Column("Kind", "kind", spare=True),
    Column("Notification", "notificationId", spare=True),
    Column("Expires", "expiresAt", human=relative, spare=True),
)
"""Columns of `dead-letters list`."""
SHOWN: Final = (
    LISTED[0],
    _STAGE,
    _REASON,
    Column("Error", "error"),
    Column("Attempts", "attempts"),
    Column("Client", "clientId"),
    Column("Notification", "notificationId"),
    Column("Kind", "kind"),
    Column("Channel", "channel"),
    Column("User", "userId"),
    Column("Durable", "durable"),
    Column("Connection", "connectionId"),
    Column("Epoch", "position.epoch"),
    Column("Offset", "position.offset"),
    Column("Priority", "priority"),
    Column("Accepted", "acceptedAt"),
    Column("Died", "diedAt"),
    Column("Expires", "expiresAt"),
    Column("Request", "requestId"),
    Column("Metadata", "metadata"),
    Column("Data", "data"),
    Column("Timeline", "timeline", human=events),
)
"""Columns of `dead-letters show`."""
RETRIED: Final = (
    Column("ID", "id", style="cyan"),
    Column("Notification", "notificationId"),
    Column("Refused", "refused.code", style="red"),
    Column("Message", "refused.message"),
)
"""Columns of `dead-letters retry`."""
