"""A daemon that is killed while others use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon


class Live:
    """Whether the daemon is up, and where."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._up = trio.Event()
        self._up.set()

    async def up(self) -> None:
        """Wait until it is up."""
        await self._up.wait()

    async def bounce(self, stumble_seconds: float = 0.0) -> None:
        """Kill it and start it again; with *stumble_seconds* kill it once more after those, while it starts."""
        self._up = trio.Event()
        await self.daemon.kill()
        if stumble_seconds:
            with trio.move_on_after(stumble_seconds):
                await self.daemon.start()
            if self.daemon.running:
                await self.daemon.kill()
        await self.daemon.start()
        self._up.set()
