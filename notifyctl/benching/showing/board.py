"""How far a run is, on stderr: a bar that moves on a terminal, a line a second where that was asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import trio

from notifyctl.benching.connections.place import clock
from notifyctl.benching.showing.words import brief
from notifyctl.values.sizes import decimal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from notifyctl.benching.loads.course import Course

_FRAME_SECONDS: Final = 0.2
_LINE_SECONDS: Final = 1.0


class Board:
    """Shows a course while it is run."""

    def __init__(self, *, wanted: bool | None) -> None:
        """Unless it is *wanted* or not, it is shown on a terminal alone."""
        self._bar = sys.stderr.isatty() and wanted is not False
        self._lines = wanted is True and not self._bar
        self._speed = _Speed()

    async def show(self, course: Course) -> None:
        """Show it until cancelled; the terminal is left clean."""
        if self._bar:
            await self._show_bar(course)
        elif self._lines:
            await self._show_lines(course)

    async def _show_bar(self, course: Course) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        text = TextColumn("{task.description}", markup=False)
        words = TextColumn("{task.fields[words]}", markup=False)
        columns = (text, BarColumn(bar_width=24), TaskProgressColumn(), words)
        with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
            task = progress.add_task("", total=1.0, words="")
            while True:
                self._update(progress, task, course)
                await trio.sleep(_FRAME_SECONDS)

    def _update(self, progress: Progress, task: TaskID, course: Course) -> None:
        progress.update(
            task,
            description=course.phase.ljust(12),
            total=course.total or None,
            completed=min(course.done(), course.total),
            words=self._words(course),
        )
        progress.refresh()

    async def _show_lines(self, course: Course) -> None:
        while True:
            await trio.sleep(_LINE_SECONDS)
            share = f" {min(course.done() / course.total, 1):.0%}" if course.total else ""
            sys.stderr.write(f"{course.phase}{share}: {self._words(course)}\n")
            sys.stderr.flush()

    def _words(self, course: Course) -> str:
        landed = course.arrivals if course.arrivals is not None and course.arrivals.timed else None
        done = course.operations.succeeded if landed is None else landed.received
        latency = course.operations.latency if landed is None else landed.latency
        words = [f"{decimal(self._speed.of(done))}/s"]
        if (p99 := latency.percentile(99)) is not None:
            words.append(f"p99 {brief(p99)}")
        words.append(f"{decimal(course.operations.failed)} errors")
        return "  ".join(words)


class _Speed:
    """How fast a count rises, over about a second."""

    def __init__(self) -> None:
        self._at = clock()
        self._count = 0
        self._speed = 0.0

    def of(self, count: int) -> float:
        now = clock()
        if now - self._at >= _LINE_SECONDS * 0.9:
            self._speed = max(0.0, (count - self._count) / (now - self._at))
            self._at, self._count = now, count
        return self._speed
