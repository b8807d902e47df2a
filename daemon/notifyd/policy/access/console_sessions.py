"""Sessions of operators in the web console: what the cookie of one holds, and how long it is good.

The daemon keeps none of them: a session is sealed under a key that is derived from the admin token, so that every
worker and every daemon that has the token can open it, and a new token ends all of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

#: Longer texts are not looked at.
MAX_SEALED_LENGTH: Final = 512

#: What the key is derived for: another version of the content gets another one, so that neither opens the other's.
_PURPOSE: Final = b"notifyd console session 1"
_ID_BYTES: Final = 32
#: NIST SP 800-38D, 5.2.1.1.
_NONCE_BYTES: Final = 12
#: A session that is used is sealed anew after this part of the time that it may be idle.
_RENEW_AFTER: Final = 10


class ConsoleRules(msgspec.Struct, frozen=True):
    """How long sessions are good, in milliseconds."""

    #: Without a request.
    idle_ms: int = 1_800_000
    #: Whatever is done with them.
    max_ms: int = 43_200_000


class ConsoleSession(msgspec.Struct, frozen=True, array_like=True):
    """One operator in one browser. Instants are in milliseconds since the Unix epoch."""

    id: str
    #: What a page has to send along with everything that changes something: no other page can know it.
    csrf: str
    begun_at: int
    #: When it was sealed; a request that came later may not have been noted.
    seen_at: int

    def ends_at(self, rules: ConsoleRules) -> int:
        """When it ends unless it is used."""
        return min(self.seen_at + rules.idle_ms, self.last_at(rules))

    def last_at(self, rules: ConsoleRules) -> int:
        """When it ends even though it is used."""
        return self.begun_at + rules.max_ms

    def alive(self, rules: ConsoleRules, now: int) -> bool:
        """Whether it is good at *now*."""
        # sealed in the future: the clock was set back, and nobody knows how far
        return self.seen_at - rules.idle_ms < now < self.ends_at(rules)

    def renewed(self, rules: ConsoleRules, now: int) -> ConsoleSession | None:
        """The session as it is used at *now*; None where what is sealed is new enough."""
        if now - self.seen_at < rules.idle_ms // _RENEW_AFTER:
            return None
        return msgspec.structs.replace(self, seen_at=now)


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(ConsoleSession).decode


def new_session(now: int, random: Callable[[int], str] = secrets.token_urlsafe) -> ConsoleSession:
    """A session that begins at *now*, named by 256 random bits."""
    return ConsoleSession(random(_ID_BYTES), random(_ID_BYTES), now, now)


class SessionSeal:
    """Seals and opens sessions with AES-256-GCM."""

    def __init__(self, secret: str) -> None:
        """*secret* is the admin token; sessions that were sealed under another one cannot be opened."""
        self._cipher = AESGCM(hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256))

    def seal(self, session: ConsoleSession) -> str:
        """*session* as a text for a cookie; never the same twice."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _encode(session), None)
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode("ascii")

    def open(self, sealed: str) -> ConsoleSession | None:
        """The session in what `seal` made; None for what was not made with this secret."""
        if not 0 < len(sealed) <= MAX_SEALED_LENGTH:
            return None
        try:
            padding = "=" * (-len(sealed) % 4)
            raw = base64.b64decode((sealed + padding).encode("ascii"), altchars=b"-_", validate=True)
            return _decode(self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None))
        except (InvalidTag, binascii.Error, ValueError, msgspec.DecodeError):
            return None
