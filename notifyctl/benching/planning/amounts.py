"""Rates and sizes as operators write them. Pure."""

from __future__ import annotations

import re
from typing import Final

_PER: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIMES: Final = {"": 1, "k": 1000, "m": 1_000_000}
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)(k|m)?(?:/(s|m|h))?")
_FASTEST: Final = 1_000_000.0
_BYTES: Final = {"": 1, "k": 1024, "kb": 1024, "kib": 1024, "m": 1024**2, "mb": 1024**2, "mib": 1024**2}
_SIZE: Final = re.compile(r"(\d+)([a-z]*)")
#: More than any daemon takes in one notification.
_LARGEST: Final = 64 * 1024 * 1024


def rate(text: str) -> float:
    """How many a second *text* says: `500`, `2k`, `0.5`, `90/m`.

    Raises:
        ValueError: it says none, or more than a million.
    """
    found = _RATE.fullmatch(text.strip().lower())
    value = float(found[1]) * _TIMES[found[2] or ""] / _PER[found[3] or ""] if found else 0.0
    if found is None or value <= 0:
        raise ValueError(f"{text!r} is no rate; write 500, 2k or 90/m")
    if value > _FASTEST:
        raise ValueError(f"{text!r} is more than {_FASTEST:g} a second")
    return value


def size(text: str) -> int:
    """How many bytes *text* says: `200`, `4k`, `1MiB`.

    Raises:
        ValueError: it says none, or more than 64 MiB.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None or found[2] not in _BYTES:
        raise ValueError(f"{text!r} is no size; write 200, 4k or 1MiB")
    value = int(found[1]) * _BYTES[found[2]]
    if value > _LARGEST:
        raise ValueError(f"{text!r} is more than 64 MiB")
    return value
