"""What a daemon costs at one moment, as the machine and its own /metrics tell."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.rest import Rest

Phase = Literal["warm-up", "quiet before", "load", "quiet after"]

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_METRIC = re.compile(rb"^notifyd_(\w+)(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


class Sample(Struct, frozen=True):
    """One look. Gauges of one name and several labels are summed."""

    phase: Phase
    #: Seconds since the first one.
    at: float
    resident_bytes: int
    open_files: int
    threads: int
    tasks: int
    connections: int
    subscriptions: int
    unacked: int
    outbox_bytes: int
    sessions: int
    #: All files of the databases, their logs included.
    database_bytes: int
    cpu_seconds: float
    #: Counters since the daemon's start.
    accepted: int
    deliveries: int
    opened: int
    slow_consumers: int


class Sampler:
    """Takes samples of one daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._began = time.monotonic()
        self.samples: list[Sample] = []

    async def take(self, client: Rest, phase: Phase) -> Sample:
        """Look now."""
        told = metrics((await client.call("GET", "/metrics")).body)
        process = Path("/proc", str(self._daemon.process.pid))
        ticks = process.joinpath("stat").read_text().rpartition(")")[2].split()
        sample = Sample(
            phase=phase,
            at=time.monotonic() - self._began,
            resident_bytes=int(process.joinpath("statm").read_text().split()[1]) * _PAGE_BYTES,
            open_files=len(os.listdir(process / "fd")),
            threads=len(os.listdir(process / "task")),
            tasks=round(told["tasks"]),
            connections=round(told.get("connections", 0)),
            subscriptions=round(told["subscriptions"]),
            unacked=round(told.get("unacked", 0)),
            outbox_bytes=round(told["outbox_bytes"]),
            sessions=round(told["socketio_sessions"]),
            database_bytes=sum(file.stat().st_size for file in self._daemon.state_dir.glob("*.db*")),
            cpu_seconds=(int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
            accepted=round(told["notifications_accepted_total"]),
            deliveries=round(told["deliveries_total"]),
            opened=round(told["connections_opened_total"]),
            slow_consumers=round(told["slow_consumers_total"]),
        )
        self.samples.append(sample)
        return sample


def metrics(exposition: bytes) -> dict[str, float]:
    """The daemon's own metrics by name, without the prefix."""
    told: dict[str, float] = {}
    for name, value in _METRIC.findall(exposition):
        told[name.decode()] = told.get(name.decode(), 0.0) + float(value)
    return told
