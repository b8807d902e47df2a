"""Registered applications: each owns keys, channels, users, devices and a secret that signs its users' tokens."""

from __future__ import annotations

import msgspec

from notifyd.model.ids import ClientId


class Client(msgspec.Struct, frozen=True):
    """The record of one client. Instants are milliseconds since the Unix epoch.

    Secrets are sealed (policy.access.sealing): what is here may be written to a disk or a log.
    """

    id: ClientId
    name: str
    #: Sealed; signs and verifies users' tokens.
    secret: str
    created_at: int
    #: Where its pages come from: their origin may connect with a cookie and call across origins. "" for none.
    url: str = ""
    description: str = ""
    #: Cookie that may carry a user's token; "" for none.
    cookie_name: str = ""
    updated_at: int = 0
    #: Sealed; after a rotation the secret before, good until `previous_until`.
    previous_secret: str = ""
    previous_until: int | None = None

    def overlaps_until(self, now: int) -> int | None:
        """While a rotation overlaps, until when the secret before is still good."""
        return self.previous_until if self.previous_until is not None and now < self.previous_until else None
