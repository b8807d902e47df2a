"""The bus of a single node: straight to its hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.bus.late import without_late

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.model.publication import Publication


class LocalBus:
    """Hands every batch to this node's fan-out, but for what has expired while its commit was held up."""

    def __init__(self, fan_out: Callable[[Sequence[Publication]], Awaitable[list[int]]]) -> None:
        self._fan_out = fan_out

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """See `Bus.deliver`; never raises."""
        due = without_late(publications)
        if len(due) == len(publications):
            return await self._fan_out(publications)
        counts = await self._fan_out(due) if due else []
        reached = dict(zip(map(id, due), counts, strict=True))
        return [reached.get(id(publication), 0) for publication in publications]
