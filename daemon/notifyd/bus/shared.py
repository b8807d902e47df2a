"""The bus of nodes that share an engine: what one of them stamps comes to all as news, to this one as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.clock import now_ms
from notifyd.model.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.bus.ports import LiveSide, News


#: From the stamp to the hub, between nodes that are not cut off.
_UNDER_WAY_MS: Final = 1000


class SharedBus:
    """The engine has told everybody by the time that something is to be delivered; `run` hands on what comes back."""

    def __init__(self, news: News, hub: LiveSide) -> None:
        self._news = news
        self._hub = hub

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """See `Bus.deliver`: how many were there for each when it was stamped."""
        await trio.lowlevel.checkpoint()
        return self._news.audience(publications)

    async def run(self) -> None:
        """Hand on the news of this node's streams until cancelled."""
        while True:
            batch: list[Publication] = []
            for each in await self._news.take():
                if isinstance(each, Publication):
                    batch.append(each)
                    continue
                await self._fan_out(batch)
                batch = []
                self._hub.restart(each)
            await self._fan_out(batch)

    async def _fan_out(self, batch: Sequence[Publication]) -> None:
        # what was stamped in time is delivered; what a node that was cut off hears of later is not
        then = now_ms() - _UNDER_WAY_MS
        due = [publication for publication in batch if not publication.notification.expired(then)]
        if due:
            await self._hub.fan_out(due)
