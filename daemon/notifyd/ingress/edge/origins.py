"""Which web pages may open a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def origin_allowed(origin: bytes | None, allowed: Sequence[str]) -> bool:
    """Whether a handshake with this Origin header may go on.

    Nothing is checked where *allowed* is empty. Only browsers send an Origin, and they cannot be made to lie; so who
    sends none is no web page, and may go on.
    """
    if not allowed or origin is None or "*" in allowed:
        return True
    return origin_listed(origin, allowed)


def origin_listed(origin: bytes, origins: Iterable[str]) -> bool:
    """Whether this Origin header is one of *origins*."""
    return any(same_origin(origin, entry) for entry in origins)


def same_origin(origin: bytes, expected: str) -> bool:
    """Whether this Origin header says *expected*; never for ""."""
    return bool(expected) and origin.decode("latin-1").rstrip("/").lower() == expected.rstrip("/").lower()
