"""Names for requests, so that an answer, a log line and a receipt can be found by each other."""

from __future__ import annotations

import random
import re
import secrets
from typing import Final

_SANE: Final = re.compile(r"[A-Za-z0-9._\-:/+=@]{1,128}")
# Unique is enough: nothing is granted to who knows one.
_bits = random.Random(secrets.randbits(256)).getrandbits


def new_request_id() -> str:
    """An id for a request that brings none."""
    return f"{_bits(96):024x}"


def usable_request_id(sent: object) -> str:
    """The id that a peer *sent*, if it may stand in headers, logs and receipts; "" otherwise.

    Numbers are taken in their decimal form: the plain JSON protocol allows them.
    """
    if isinstance(sent, int) and not isinstance(sent, bool):
        return str(sent) if -(1 << 63) <= sent < 1 << 64 else ""
    return sent if isinstance(sent, str) and _SANE.fullmatch(sent) else ""
