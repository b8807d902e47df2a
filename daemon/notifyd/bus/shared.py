"""The bus of nodes that share an engine: what one of them stamps comes to all as news, to this one as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.bus.late import without_late
from notifyd.model.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.bus.ports import LiveSide, News
    from notifyd.model.restarted import Restarted


#: How long a dispatcher waits for this node's hub at most; what others have is not held up for longer.
_PATIENCE_SECONDS: Final = 1.0


class SharedBus:
    """The engine has told everybody by the time that something is to be delivered; `run` hands on what comes back."""

    def __init__(self, news: News, hub: LiveSide) -> None:
        self._news = news
        self._hub = hub
        self._busy = False
        #: Set when what was taken last has been handed on.
        self._handed_on = trio.Event()

    async def deliver(self, publications: Sequence[Publication]) -> list[int]:
        """See `Bus.deliver`: how many were there for each when it was stamped.

        Where this node has somebody for it, it returns when they have it, within a second: what is published meanwhile
        goes in one batch then, which costs each of them one write.
        """
        counts = self._news.audience(publications)
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(_PATIENCE_SECONDS):
            # what is being handed on goes before what waits, which these are among
            for _ in range(self._busy + self._news.waiting()):
                await self._handed_on.wait()
        return counts

    async def run(self) -> None:
        """Hand on the news of this node's streams until cancelled."""
        while True:
            taken = await self._news.take()
            self._busy = True
            await self._hand_on(taken)
            self._busy = False
            self._handed_on.set()
            self._handed_on = trio.Event()

    async def _hand_on(self, news: Sequence[Publication | Restarted]) -> None:
        batch: list[Publication] = []
        for each in news:
            if isinstance(each, Publication):
                batch.append(each)
                continue
            await self._fan_out(batch)
            batch = []
            self._hub.restart(each)
        await self._fan_out(batch)

    async def _fan_out(self, batch: Sequence[Publication]) -> None:
        # what was stamped in time is delivered; what a node that was cut off hears of later is not
        due = without_late(batch)
        if due:
            await self._hub.fan_out(due)
