"""Disks that fail and clocks that jump under a real daemon: `faults.c`, loaded into it, and the file that steers it."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.bench.processes import ROOT
from tests.interop.programs import tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon

SOURCE: Final = "tests/faults/faults.c"


class Control(ctypes.Structure):
    """What `faults.c` calls `struct control`."""

    _fields_ = (
        ("clock_ns", ctypes.c_int64),
        ("sync_us", ctypes.c_int64),
        ("write_errno", ctypes.c_int32),
        ("sync_errno", ctypes.c_int32),
        ("writes", ctypes.c_uint64),
        ("syncs", ctypes.c_uint64),
        ("pattern", ctypes.c_char * 64),
    )


class Faults:
    """What goes wrong under one daemon, from the moment on that it is said."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(ctypes.sizeof(Control)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._control = Control.from_buffer(self._map)

    @property
    def hits(self) -> int:
        """How many writes and syncs were made to fail or to wait."""
        return int(self._control.writes + self._control.syncs)

    @contextmanager
    def on(self, pattern: str, *, write: int = 0, sync: int = 0, slow_seconds: float = 0.0) -> Iterator[None]:
        """While the body runs, writes and syncs of the files that *pattern* is in fail with these, or take longer."""
        self._control.pattern = pattern.encode()
        self._control.write_errno, self._control.sync_errno = write, sync
        self._control.sync_us = round(slow_seconds * 1e6)
        try:
            yield
        finally:
            self._control.write_errno = self._control.sync_errno = self._control.sync_us = 0

    def turn_clock(self, seconds: float) -> None:
        """The wall clock differs by so much from now on."""
        self._control.clock_ns = round(seconds * 1e9)


def library() -> Path:
    """`faults.c`, compiled unless that was done since its last change."""
    compiler = tool("cc")
    source, made = ROOT / SOURCE, ROOT / "build" / "faults.so"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        made.parent.mkdir(exist_ok=True)
        # several workers of pytest may do it at once
        fresh = made.with_name(f"faults-{os.getpid()}.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", fresh, source, "-ldl"], check=True)
        fresh.replace(made)
    return made


async def start_under(daemon: Daemon, faults: Faults | None = None) -> Faults:
    """Start *daemon* with faults to be made, or with those of its life before."""
    faults = faults or Faults(daemon.folder / "faults")
    daemon.environ = {"LD_PRELOAD": str(library()), "FAULTS": str(daemon.folder / "faults")}
    await daemon.start()
    # notifyctl is to be left in peace
    daemon.environ = {}
    return faults
