"""The room under the state folder, looked at beside everything else: a disk that hangs must hold up nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.diagnosis import FolderFacts, Verdict
from notifyd.policy.diagnosis.daemon import judge_folder
from notifyd.service.daemon import EngineState

if TYPE_CHECKING:
    from pathlib import Path

#: How long a look may take before the disk counts as one that hangs.
PATIENCE_SECONDS: Final = 5.0
_ROOM: Final = "disk"


class DiskWatch:
    """What was seen last; whoever asks for it waits for nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # a look that hangs keeps its thread, and those after it wait for that one instead of starting more
        self._limiter = trio.CapacityLimiter(1)
        self._problem = ""
        #: Bytes that are free, and all of them; None before the first look.
        self.room: tuple[int, int] | None = None

    async def look(self) -> None:
        """Look anew, for `PATIENCE_SECONDS` at most."""
        problem = f"the file system of the state folder has not answered for {PATIENCE_SECONDS:g} s"
        with trio.move_on_after(PATIENCE_SECONDS):
            try:
                facts = await trio.to_thread.run_sync(self._facts, abandon_on_cancel=True, limiter=self._limiter)
            except OSError as exc:
                problem = f"the state folder cannot be looked at: {exc.strerror or exc}"
            else:
                self.room = (facts.free_bytes, facts.total_bytes)
                problem = _judged(facts)
        self._problem = problem

    def state(self) -> EngineState:
        """As an engine: whether there is room."""
        return EngineState("disk", "file system", healthy=not self._problem, detail=self._problem)

    def _facts(self) -> FolderFacts:
        disk = os.statvfs(self._folder)
        return FolderFacts(
            path=self._folder,
            mode=0,
            own=True,
            total_bytes=disk.f_frsize * disk.f_blocks,
            free_bytes=disk.f_frsize * disk.f_bavail,
            free_files=disk.f_favail if disk.f_files else None,
            exposed=(),
        )


def _judged(facts: FolderFacts) -> str:
    failed = [each for each in judge_folder(facts) if each.name == _ROOM and each.verdict is Verdict.FAILED]
    return "".join(f"{each.found}: {each.advice}" for each in failed)
