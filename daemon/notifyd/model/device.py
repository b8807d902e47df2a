"""Where a user without a connection can be reached: a push token, which belongs to its latest user."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId, DeviceId, UserId


class Device(msgspec.Struct, frozen=True):
    """One push token of one user. Instants are milliseconds since the Unix epoch."""

    id: DeviceId
    client_id: ClientId
    user_id: UserId
    #: The token of Firebase Cloud Messaging. Whoever has it can push to the device: never in logs.
    token: str
    created_at: int
    #: When it was registered last.
    seen_at: int
