"""How calls of webhooks are signed: the scheme of Standard Webhooks, https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from notifyd.errors import Invalid

PREFIX: Final = "whsec_"
#: What the scheme allows; ours have the middle.
MIN_SECRET_BYTES: Final = 24
MAX_SECRET_BYTES: Final = 64
_NEW_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A secret as receivers are given it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_NEW_SECRET_BYTES)).decode("ascii")


def signing_key(secret: str) -> bytes:
    """The bytes that *secret* stands for.

    Raises:
        Invalid: it is no such secret; the message does not show it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise Invalid(
            f"a webhook's secret must be {PREFIX} and {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes in base64"
        )
    return key


def signature(key: bytes, event_id: str, timestamp: int, body: bytes) -> str:
    """The signature of *body*, sent under *event_id* at *timestamp* (seconds since the Unix epoch)."""
    signed = b"%b.%d.%b" % (event_id.encode("utf-8"), timestamp, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def signed_headers(key: bytes, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers by which a receiver knows that *body* is ours, new, and not a second time there."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, event_id, timestamp, body),
    }
