"""What this process costs the machine."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

_STATM = Path("/proc/self/statm")
_FDS = Path("/proc/self/fd")
_PAGE_BYTES = resource.getpagesize()
# getrusage counts in KiB everywhere but on macOS
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
#: This module is read within the first tenth of a second, and no clock of the kernel tells it on every system.
_STARTED_AT: Final = time.time()


def resident_bytes() -> int:
    """Resident memory now; where the kernel does not tell, the most there ever was."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT


def cpu_seconds() -> float:
    """Processor time of this process, user and system, all threads."""
    times = os.times()
    return times.user + times.system


def open_files() -> int:
    """Open file descriptors, or 0 where the kernel does not tell."""
    try:
        # the listing itself holds one open
        return max(0, len(os.listdir(_FDS)) - 1)
    except OSError:
        return 0


def metrics() -> Iterator[Metric]:
    """What it costs, under the names that prometheus_client's own collector uses, so that stock dashboards work."""
    yield GaugeMetricFamily("process_resident_memory_bytes", "Resident memory.", value=resident_bytes())
    yield CounterMetricFamily("process_cpu_seconds", "Processor time, user and system.", value=cpu_seconds())
    yield GaugeMetricFamily("process_open_fds", "Open file descriptors.", value=open_files())
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = limit == resource.RLIM_INFINITY
    yield GaugeMetricFamily(
        "process_max_fds", "File descriptors that may be open.", value=float("inf") if unlimited else limit
    )
    yield GaugeMetricFamily(
        "process_start_time_seconds", "When the process started, since the Unix epoch.", value=_STARTED_AT
    )
    yield GaugeMetricFamily("process_threads", "Threads.", value=threading.active_count())
