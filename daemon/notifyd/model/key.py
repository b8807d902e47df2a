"""API keys: what is kept of a credential. The key itself is shown once and never kept."""

from __future__ import annotations

from typing import Literal

import msgspec

from notifyd.model.ids import ClientId, KeyId


class ApiKey(msgspec.Struct, frozen=True):
    """The record of one API key. Instants are milliseconds since the Unix epoch; None means never."""

    id: KeyId
    client_id: ClientId
    name: str
    #: SHA-256 of the key, hexadecimal.
    digest: str
    #: Such as `publish:orders.*`, `subscribe:*`, `broadcast`.
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None = None
    #: Networks in CIDR notation the key may be used from; empty means from anywhere.
    allowed_cidrs: tuple[str, ...] = ()
    revoked_at: int | None = None
    last_used_at: int | None = None
    #: After a rotation the digest of the key before, good until `previous_until`.
    previous_digest: str = ""
    previous_until: int | None = None

    def ends_at(self, digest: str) -> int | None:
        """From which instant on the key of that *digest* is not good any more: 0 where it is so already."""
        if self.revoked_at is not None:
            return 0
        if digest == self.digest:
            return self.expires_at
        if not self.previous_digest or digest != self.previous_digest:
            return 0
        return min(filter(None, (self.previous_until, self.expires_at)), default=None)

    def status(self, now: int) -> Literal["active", "expired", "revoked"]:
        """How it stands at *now*."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and now >= self.expires_at else "active"

    def overlaps_until(self, now: int) -> int | None:
        """While a rotation overlaps, until when the key before is still good."""
        return self.previous_until if self.previous_until is not None and now < self.previous_until else None
