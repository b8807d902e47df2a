"""What the daemon and this process spend while a run lasts."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from notifyctl.benching.connections.place import clock
from notifyctl.exits import Refusal
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyctl.daemons.calling import Daemon

_STAT: Final = Path("/proc/stat")


@dataclass(frozen=True)
class Look:
    """How things stand at one moment."""

    at: float
    client_cpu_seconds: float
    #: What all processes of this machine have used.
    machine_cpu_seconds: float
    #: None where the daemon's figures are not to be had.
    stats: Any = None


class Meter:
    """Looks at the daemon before there is load, and at the beginning and the end of what is measured."""

    def __init__(self, daemon: Daemon | None) -> None:
        self._daemon = daemon
        self.rest: Look | None = None
        self.begin: Look | None = None
        self.end: Look | None = None

    @property
    def elapsed_seconds(self) -> float:
        """How long was measured, so far."""
        if self.begin is None:
            return 0.0
        return (self.end.at if self.end is not None else clock()) - self.begin.at

    async def at_rest(self) -> None:
        """There is no load yet."""
        self.rest = await self._look()

    async def begins(self) -> None:
        """From here on it is measured."""
        self.begin = await self._look()

    async def ends(self) -> None:
        """Up to here it was measured."""
        if self.begin is not None and self.end is None:
            self.end = await self._look()

    async def _look(self) -> Look:
        stats = None
        if self._daemon is not None:
            stats = await trio.to_thread.run_sync(_stats, self._daemon)
        used = resource.getrusage(resource.RUSAGE_SELF)
        return Look(clock(), used.ru_utime + used.ru_stime, _machine_cpu_seconds(), stats)


def _stats(daemon: Daemon) -> Any:
    try:
        return daemon.call("GetStats", pb.GetStatsRequest())
    except Refusal:
        # what the load made of the daemon is what is measured; that it does not answer here is no end of it
        return None


def _machine_cpu_seconds() -> float:
    """Of all its processors since it was started, waiting for disks left out; 0 where it does not tell."""
    try:
        ticks = [int(word) for word in _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    idle, waiting = ticks[3:5]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))
