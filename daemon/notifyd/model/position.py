"""A place in the history of one channel."""

from __future__ import annotations

import msgspec


class StreamPosition(msgspec.Struct, frozen=True):
    """The publication with this offset, or "before the first one" for offset 0, within one epoch.

    Offsets start at 1, rise by 1 and have no gaps within an epoch. Another epoch means that the stream was lost and
    numbered anew, so that positions of different epochs cannot be compared.
    """

    epoch: str
    offset: int
