"""The bus of a single node: straight to its hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.model.publication import Publication


class LocalBus:
    """Hands every batch to this node's fan-out."""

    def __init__(self, fan_out: Callable[[Sequence[Publication]], Awaitable[list[int]]]) -> None:
        self._fan_out = fan_out

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """See `Bus.deliver`; never raises."""
        return await self._fan_out(publications)
