"""The bus of a single node: straight to its hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from notifyd.model.publication import Publication


#: From the look of the dispatcher to the hub, with a disk that does not hold its commit up.
_UNDER_WAY_MS: Final = 1000


class LocalBus:
    """Hands every batch to this node's fan-out, but for what has expired while its commit was held up."""

    def __init__(self, fan_out: Callable[[Sequence[Publication]], Awaitable[list[int]]]) -> None:
        self._fan_out = fan_out

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """See `Bus.deliver`; never raises."""
        then = now_ms() - _UNDER_WAY_MS
        due = [publication for publication in publications if not publication.notification.expired(then)]
        if len(due) == len(publications):
            return await self._fan_out(publications)
        counts = iter(await self._fan_out(due) if due else ())
        return [0 if each.notification.expired(then) else next(counts) for each in publications]
