"""Where a user without a connection can be reached: a push token, which belongs to its latest user."""

from __future__ import annotations

from typing import Final

import msgspec

from notifyd.model.ids import ClientId, DeviceId, UserId

_HINT_LENGTH: Final = 6
_HINTED_LENGTH: Final = 4 * _HINT_LENGTH


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

    @property
    def token_hint(self) -> str:
        """What people are shown of the token: its end, and nothing of one so short that its end is most of it."""
        return self.token[-_HINT_LENGTH:] if len(self.token) >= _HINTED_LENGTH else ""
