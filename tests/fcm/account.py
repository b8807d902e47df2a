"""Service accounts that nobody ever had."""

from __future__ import annotations

from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from notifyd.push.options import FcmOptions

PROJECT = "a-project"


@cache
def private_key() -> str:
    """A PEM key, made once in a process, and no larger than it must be: nobody verifies what it signs."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    form, encryption = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def options(endpoint: str, **fields: Any) -> FcmOptions:
    """An account whose messages go to *endpoint*."""
    email = f"push@{PROJECT}.iam.gserviceaccount.com"
    return FcmOptions(PROJECT, email, **{"private_key": private_key(), "endpoint": endpoint} | fields)
