"""Which strings may name a channel."""

from __future__ import annotations

from notifyd.errors import Invalid

#: Longest name in characters unless a setting says otherwise.
MAX_CHANNEL_LENGTH = 200


def check_channel(name: str, *, max_length: int = MAX_CHANNEL_LENGTH) -> str:
    """*name* itself when it may name a channel.

    Raises:
        Invalid: it is empty, too long, holds control characters or cannot be written in UTF-8.
    """
    if not name:
        raise Invalid("channel must not be empty", code="invalid_channel")
    if len(name) > max_length:
        raise Invalid(f"channel has {len(name)} characters, at most {max_length} are allowed", code="invalid_channel")
    if not name.isprintable():
        raise Invalid("channel holds control characters or other unprintable ones", code="invalid_channel")
    return name
