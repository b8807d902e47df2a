"""Lengths of time in requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.errors import Invalid

if TYPE_CHECKING:
    from google.protobuf.message import Message

#: About thirty years; a longer time is a mistake in the unit.
_MAX_SECONDS: Final = 1e9


def milliseconds_of(message: Message, field: str) -> int | None:
    """The seconds in *field* as milliseconds, or None where it is unset.

    Raises:
        Invalid: it is negative, endless or none at all.
    """
    if not message.HasField(field):
        return None
    seconds: float = getattr(message, field)
    if not 0 <= seconds <= _MAX_SECONDS:  # which no NaN is either
        raise Invalid(f"{field} must be 0 to {_MAX_SECONDS:g}")
    return round(seconds * 1000)
