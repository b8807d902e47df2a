"""What an operator does with the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from notifyd.clock import now_ms

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId
    from notifyd.model.receipt import Receipt
    from notifyd.store.ports import Broker, QueueStats
    from notifyd.telemetry.metrics import Counters

log = structlog.get_logger("notifyd.queue")


class Queue:
    """Figures, and the changes that an operator may make."""

    def __init__(self, broker: Broker, counters: Counters) -> None:
        self._store = broker.queue
        self._refresh = broker.refresh
        self._counters = counters

    def stats(self) -> QueueStats:
        """The queue, as it was a second ago at most."""
        return self._store.stats(now=now_ms())

    async def figures(self) -> QueueStats:
        """The queue at this moment."""
        await self._refresh()
        return self.stats()

    async def waiting(self, *, limit: int, client_id: ClientId | None = None) -> list[Receipt]:
        """The next ones, in the order in which they would be dispatched, scheduled ones last.

        Raises:
            StoreUnavailable: the broker is away.
        """
        return await self._store.waiting(limit=limit, client_id=client_id)

    async def pause(self) -> QueueStats:
        """Stop dispatching; publishing goes on. Survives a restart.

        Raises:
            StoreUnavailable: it could not be recorded.
        """
        await self._store.pause()
        log.info("queue_paused")
        return await self.figures()

    async def resume(self) -> QueueStats:
        """Dispatch again; raises as `pause`."""
        await self._store.resume()
        log.info("queue_resumed")
        return await self.figures()

    async def clear(self, client_id: ClientId | None = None) -> int:
        """Remove all that wait, scheduled ones included; answers how many.

        Raises:
            StoreUnavailable: it could not be recorded; they still wait.
        """
        cleared = await self._store.clear(client_id, now=now_ms())
        self._counters.cleared += cleared
        log.info("queue_cleared", cleared=cleared, client_id=client_id)
        return cleared
