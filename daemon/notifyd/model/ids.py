"""Names of things, kept apart by type so that one cannot be passed for another."""

from __future__ import annotations

from typing import NewType

ClientId = NewType("ClientId", str)
KeyId = NewType("KeyId", str)
ConnectionId = NewType("ConnectionId", str)
NotificationId = NewType("NotificationId", str)
UserId = NewType("UserId", str)
DeviceId = NewType("DeviceId", str)
DeadLetterId = NewType("DeadLetterId", str)

DEFAULT_CLIENT = ClientId("default")
