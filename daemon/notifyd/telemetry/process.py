"""What this process costs the machine."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_FDS = Path("/proc/self/fd")
_PAGE_BYTES = resource.getpagesize()
# getrusage counts in KiB everywhere but on macOS
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


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
