"""Names for requests, so that an answer can be found in the log."""

from __future__ import annotations

import random
import re
import secrets
from typing import Final

_SANE: Final = re.compile(rb"[A-Za-z0-9._\-:/+=@]{1,128}")
# Unique is enough: nothing is granted to who knows one.
_bits = random.Random(secrets.randbits(256)).getrandbits


def request_id(sent: bytes | None) -> str:
    """The id that the client *sent*, if it may stand in headers and logs, else a new one."""
    if sent is not None and _SANE.fullmatch(sent):
        return sent.decode("ascii")
    return f"{_bits(96):024x}"
