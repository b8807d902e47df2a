"""Figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.errors import Invalid
from notifyd.ingress.rpc.encode import stats_message

if TYPE_CHECKING:
    from notifyd.service.cluster.figures import ServiceFigures
    from notifyd.v1 import admin_pb2 as pb

_INTERVAL_MS: Final = 1000
_MIN_INTERVAL_MS: Final = 100
_MAX_INTERVAL_MS: Final = 3_600_000


class StatsCalls:
    """A snapshot, or one after the other."""

    def __init__(self, stats: ServiceFigures) -> None:
        self._stats = stats

    async def get_stats(self, _request: pb.GetStatsRequest) -> pb.Stats:
        """Everything at this moment."""
        return stats_message(await self._stats.fresh())

    async def watch_stats(self, request: pb.WatchStatsRequest, inbox: trio.MemorySendChannel[tuple[pb.Stats]]) -> None:
        """A snapshot at once, then one every interval. A slow reader gets fewer, not older ones."""
        interval_ms = request.interval_ms if request.HasField("interval_ms") else _INTERVAL_MS
        if not _MIN_INTERVAL_MS <= interval_ms <= _MAX_INTERVAL_MS:
            raise Invalid(f"interval_ms must be {_MIN_INTERVAL_MS} to {_MAX_INTERVAL_MS}")
        while True:
            if not inbox.statistics().current_buffer_used:
                await inbox.send((stats_message(await self._stats.fresh()),))
            await trio.sleep(interval_ms / 1000)
