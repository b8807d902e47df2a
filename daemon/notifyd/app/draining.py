"""Going down politely: refuse, finish the batch, let connections go a few at a time, then stop."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.model.disconnect import DRAINED
from notifyd.service.daemon import Drain

if TYPE_CHECKING:
    from notifyd.app.listeners.fronts import Fronts
    from notifyd.app.machine.sd_notify import ServiceManager
    from notifyd.app.parts.graph import Graph
    from notifyd.config import Settings

log = structlog.get_logger("notifyd")

#: Fewer connections than fill the whole time at this rate are let go at this rate: they are no storm.
_CLOSES_PER_SECOND: Final = 200.0

#: What requests under way and close handshakes get after the last connection was told.
_FINISH_SECONDS: Final = 2.0


class Drainer:
    """Waits for the word to go, and goes."""

    def __init__(self, graph: Graph, fronts: Fronts, manager: ServiceManager) -> None:
        self._graph = graph
        self._fronts = fronts
        self._manager = manager
        self._asked = trio.Event()
        self._seconds = graph.loaded.settings.server.drain_seconds
        self._patience = trio.CancelScope()
        #: Cancelled when nothing more is to be dispatched.
        self.dispatching = trio.CancelScope()

    @property
    def begun(self) -> bool:
        """Whether the word was given."""
        return self._asked.is_set()

    def configure(self, settings: Settings) -> None:
        """Take over the settings in force; a drain under way goes on as it was begun."""
        if not self.begun:
            self._seconds = settings.server.drain_seconds

    def begin(self, seconds: float | None) -> Drain:
        """Give the word; whoever asks later learns what is under way."""
        if not self.begun:
            if seconds is not None:
                self._seconds = seconds
            self._graph.daemon.draining = True
            self._graph.publisher.draining = True
            if self._graph.bullmq is not None:
                self._graph.bullmq.drain()
            self._graph.connector.draining = True
            self._graph.waiting.drain()
            self._graph.peers.announce()
            self._asked.set()
            log.info("draining", seconds=self._seconds, connections=self._graph.hub.connection_count)
        return Drain(self._graph.hub.connection_count, self._seconds)

    def hurry(self) -> None:
        """End at once; what is not committed was not accepted."""
        log.warning("drain_cut_short")
        self._patience.cancel()

    async def run(self) -> None:
        """Wait for the word, then take everything down. Returns when nothing is open any more."""
        await self._asked.wait()
        self._manager.stopping()
        self.dispatching.cancel()
        with self._patience:
            if self._graph.bullmq is not None:
                await self._graph.bullmq.stop(_FINISH_SECONDS)
            deadline = trio.current_time() + self._seconds
            await self._close_connections()
            # other workers close theirs at a pace of their own
            with trio.move_on_at(deadline):
                await self._fronts.tunnels_ended()
            await self._fronts.drain(_FINISH_SECONDS)
        await self._fronts.stop()
        log.info("stopped")

    async def _close_connections(self) -> None:
        """Tell them one after the other, spread over the time, so that they do not come back as a storm."""
        connections = list(self._graph.hub.connections())
        random.shuffle(connections)
        pause = min(1 / _CLOSES_PER_SECOND, self._seconds / max(1, len(connections)))
        started = trio.current_time()
        for index, connection in enumerate(connections):
            connection.end(DRAINED)
            await trio.sleep_until(started + (index + 1) * pause)
