"""Secrets at rest: encrypted with the daemon's master key, and bound to the client that they belong to."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from notifyd.errors import NotifydError

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId

MASTER_KEY_BYTES: Final = 32

#: What the text of a sealed secret begins with; another way of sealing gets another one.
_VERSION: Final = "v1."
#: NIST SP 800-38D, 5.2.1.1. Random ones are good for 2**32 secrets under one key.
_NONCE_BYTES: Final = 12


class SealBroken(NotifydError):
    """A sealed secret cannot be opened: another master key, another client, or a text that was changed."""

    code = "seal_broken"


class Sealer:
    """Seals and opens the secrets of clients with AES-256-GCM."""

    def __init__(self, master_key: bytes) -> None:
        """*master_key* has MASTER_KEY_BYTES bytes."""
        if len(master_key) != MASTER_KEY_BYTES:
            raise ValueError(f"a master key has {MASTER_KEY_BYTES} bytes")
        self._cipher = AESGCM(master_key)

    def seal(self, client_id: ClientId, secret: str) -> str:
        """*secret* as a text that may be written to a disk; never the same twice."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), client_id.encode())
        return _VERSION + base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def unseal(self, client_id: ClientId, sealed: str) -> str:
        """The secret in what `seal` made for the same client under the same master key.

        Raises:
            SealBroken: it is not that.
        """
        try:
            version, body = sealed[: len(_VERSION)], sealed[len(_VERSION) :]
            if version != _VERSION:
                raise SealBroken("a secret is sealed in a way that this version does not know")
            raw = base64.b64decode(body.encode("ascii"), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], client_id.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as exc:
            raise SealBroken("a secret cannot be opened with this master key") from exc
