"""Names for new things."""

from __future__ import annotations

import random
import secrets

from notifyd.model.ids import ClientId, ConnectionId, DeviceId, KeyId, NotificationId

# Notification ids need to be unique, not secret: a receipt is shown to its client's key alone. The generator is seeded
# from the operating system, so that nodes and restarts do not repeat each other.
_bits = random.Random(secrets.randbits(256)).getrandbits


def new_notification_id(now: int) -> NotificationId:
    """A UUID version 7 (RFC 9562, section 5.7): rises with *now* (milliseconds), so that an index grows at its end."""
    tail = _bits(74)
    value = now << 80 | 7 << 76 | tail >> 62 << 64 | 2 << 62 | tail & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{value:032x}"
    return NotificationId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def new_connection_id() -> ConnectionId:
    """Sixteen random bytes; it cannot be guessed."""
    return ConnectionId(secrets.token_hex(16))


def new_key_id() -> KeyId:
    """A short name for an API key; it reveals nothing of the key."""
    return KeyId("key_" + secrets.token_hex(8))


def new_client_id() -> ClientId:
    """A name for a registered client; it is part of URLs and of Socket.IO namespaces."""
    return ClientId(secrets.token_hex(12))


def new_device_id() -> DeviceId:
    """A short name for a device; it reveals nothing of its push token."""
    return DeviceId("dev_" + secrets.token_hex(8))
