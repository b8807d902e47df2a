"""What a Socket.IO client brings back to go on where it was: the `pid` of its CONNECT answer.

A pid can be read and made with the daemon's key alone. It says whose socket it was and where the socket began, so that
one can be continued that was sent nothing yet. It does not say until when: how far back anything can be continued is
what the histories keep.
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

from notifyd.model.ids import ClientId, ConnectionId, UserId
from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition

if TYPE_CHECKING:
    from notifyd.model.notification import Notification
    from notifyd.model.principal import Principal

#: Longer texts are not looked at: the names in a pid are bounded.
MAX_PID_LENGTH: Final = 4096

#: What the key is derived for: another version of the content gets another one, so that neither opens the other's.
_PURPOSE: Final = b"notifyd recovery 1"
#: NIST SP 800-38D, 5.2.1.1.
_NONCE_BYTES: Final = 12


class Session(msgspec.Struct, frozen=True, array_like=True):
    """One socket over all of its connections: whose it is, and where it began."""

    client_id: ClientId
    user_id: UserId
    sid: ConnectionId
    #: In the client's own stream.
    stream: StreamPosition
    #: In the user's inbox: what comes after it was still to be sent when the socket began.
    inbox: StreamPosition

    def belongs_to(self, principal: Principal) -> bool:
        """Whether it is a socket of this very user."""
        return (self.client_id, self.user_id) == (principal.client_id, principal.user_id)

    def concerns(self, notification: Notification) -> bool:
        """Whether a notification of its client's own stream is for this socket."""
        if notification.kind is Kind.BROADCAST:
            return True
        return self.user_id in notification.users or self.sid in notification.connections


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Session).decode


class Pids:
    """Makes pids and opens them, with AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        """*key* is a secret of the daemon (its master key), shared by all that are to continue each other's sockets."""
        self._cipher = AESGCM(hmac.digest(key, _PURPOSE, hashlib.sha256))

    def seal(self, session: Session) -> str:
        """The pid of *session*; never the same twice."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _encode(session), None)
        return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, pid: str) -> Session | None:
        """The session of a pid; None for what was not made with this key."""
        if len(pid) > MAX_PID_LENGTH:
            return None
        try:
            raw = base64.b64decode(pid.encode("ascii"), altchars=b"-_", validate=True)
            return _decode(self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None))
        except (InvalidTag, binascii.Error, ValueError, msgspec.DecodeError):
            return None
