"""What is to be told of streams that could not be reached, while others could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.redislink.errors import Unfit
from notifyd.store.history_ports import StreamsUnavailable

if TYPE_CHECKING:
    from notifyd.errors import StoreUnavailable
    from notifyd.redislink.commands.line import Line
    from notifyd.store.history_ports import StreamKey


class AwayStreams:
    """Those among the streams of one batch that could not be reached."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._reasons: dict[StreamKey, StoreUnavailable] = {}

    def note(self, stream: StreamKey, reason: StoreUnavailable) -> None:
        """*stream* could not be."""
        self._reasons.setdefault(stream, reason)

    def tell(self, *, others: bool) -> None:
        """Say so, if there are any. *others*: something of the batch was done.

        Raises:
            StreamsUnavailable: these are away, and others are not.
            StoreUnavailable: as far as is known all are.
        """
        if not self._reasons:
            return
        first = next(iter(self._reasons.values()))
        if others or self._line.in_parts or isinstance(first, Unfit):
            raise StreamsUnavailable(first.message, frozenset(self._reasons)) from first
        raise first
