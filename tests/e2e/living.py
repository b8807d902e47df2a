"""Daemons that are killed while others use them: one, or several that are one service."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon


class Live:
    """Which daemons are up, and where."""

    def __init__(self, daemon: Daemon, *more: Daemon, seed: int = 0) -> None:
        """All of them are up; who comes is sent to any of those that are."""
        self.daemons = (daemon, *more)
        self._random = random.Random(f"{seed} nodes")
        self._down: set[Daemon] = set()
        self._up = trio.Event()
        self._up.set()

    @property
    def daemon(self) -> Daemon:
        """One that is up, as a load balancer would choose; any, while none is."""
        return self._random.choice(self.those_up() or self.daemons)

    def those_up(self) -> list[Daemon]:
        """All that are up."""
        return [daemon for daemon in self.daemons if daemon not in self._down]

    async def up(self) -> None:
        """Wait until one is up."""
        await self._up.wait()

    async def bounce(self, *daemons: Daemon, stumble_seconds: float = 0.0) -> None:
        """Kill these at once and start them again (all, where none is named).

        With *stumble_seconds* kill them once more after those, while they start.
        """
        async with trio.open_nursery() as nursery:
            for daemon in daemons or self.daemons:
                self.leave(daemon)
                daemon.process.kill()
                nursery.start_soon(self._restart, daemon, stumble_seconds)

    def leave(self, daemon: Daemon) -> None:
        """From now on nobody is sent to it."""
        self._down.add(daemon)
        if not self.those_up():
            self._up = trio.Event()

    def come(self, daemon: Daemon) -> None:
        """It takes part again."""
        self._down.discard(daemon)
        self._up.set()

    async def _restart(self, daemon: Daemon, stumble_seconds: float) -> None:
        await daemon.ended()
        if stumble_seconds:
            with trio.move_on_after(stumble_seconds):
                await daemon.start()
            if daemon.running:
                await daemon.kill()
        await daemon.start()
        self.come(daemon)
