"""What the machine, or the container, allows this process."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_CGROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")
_MEMINFO: Final = Path("/proc/meminfo")
#: The first version of control groups says "no limit" with a number near the largest of 64 bits.
_NO_LIMIT: Final = 1 << 60


def open_files_limit() -> int:
    """How many files this process may have open; 0 for no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 0 if limit == resource.RLIM_INFINITY else limit


def memory_limit_bytes() -> int:
    """The least of what its control groups and the machine's memory allow; 0 where the kernel does not tell."""
    bounds = [*_group_limits("memory", "memory.max", "memory.limit_in_bytes"), _machine_bytes()]
    return min((bound for bound in bounds if bound), default=0)


def group_memory_bytes() -> int:
    """The least that its control groups allow; 0 where they set no limit."""
    return min(_group_limits("memory", "memory.max", "memory.limit_in_bytes"), default=0)


def processors() -> float:
    """How many it may keep busy: those that it may run on, or the quota of its control groups."""
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        count = os.cpu_count() or 1
    return min([float(count), *_quotas()])


def _quotas() -> Iterator[float]:
    for folder in _folders("cpu"):
        quota, period = _words(folder / "cpu.max"), "100000"
        if len(quota) == 2:
            quota, period = quota[:1], quota[1]
        else:
            quota = _words(folder / "cpu.cfs_quota_us")
            period = (_words(folder / "cpu.cfs_period_us") or [period])[0]
        if quota and quota[0].isdigit() and period.isdigit() and int(period):
            yield int(quota[0]) / int(period)


def _group_limits(controller: str, *names: str) -> Iterator[int]:
    for folder in _folders(controller):
        for name in names:
            words = _words(folder / name)
            if words and words[0].isdigit() and int(words[0]) < _NO_LIMIT:
                yield int(words[0])


def _folders(controller: str) -> Iterator[Path]:
    """The control groups of this process and those around them, each with limits of its own."""
    for line in _lines(_MEMBERSHIP):
        number, controllers, path = ([*line.split(":", 2), "", ""])[:3]
        root = _CGROUPS if number == "0" else _CGROUPS / controller
        if number != "0" and controller not in controllers.split(","):
            continue
        # in a container the path is that of the host, and the own group is what is mounted at the root
        group = root / path.strip("/")
        while group != root:
            yield group
            group = group.parent
        yield root


def _machine_bytes() -> int:
    for line in _lines(_MEMINFO):
        name, _, value = line.partition(":")
        if name == "MemTotal":
            return int(value.split()[0]) * 1024
    return 0


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
