"""`stats --watch` on a terminal: one screen that lives."""

from __future__ import annotations

import os
import sys
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Final

import typer
from rich.console import Console

from notifyctl.screen.drawing import Situation, drawn
from notifyctl.screen.glyphs import glyphs_for
from notifyctl.screen.looker import ANSWER_SECONDS, Looker, Looking, look
from notifyctl.screen.sheet import Sheet
from notifyctl.screen.terminal import CLEAR_REST, Ended, Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from notifyctl.daemons.calling import Daemon
    from notifyctl.screen.looks import Figures
    from notifyctl.screen.views import Order

_FASTEST_SECONDS: Final = 0.2
_SLOWEST_SECONDS: Final = 60.0
#: How long it has been away is told anew.
_TICK_SECONDS: Final = 1.0
#: What a shell says of a process that a signal has ended.
_SIGNALLED: Final = 128


def show(daemon: Daemon, interval: float) -> None:
    """Show the service until the operator, or a signal, has it end; the terminal is left as it was found.

    Raises:
        Refusal: there was no answer to the first look; later it is waited for.
        typer.Exit: a signal has ended it.
    """
    daemon.timeout_seconds = min(daemon.timeout_seconds or ANSWER_SECONDS, ANSWER_SECONDS)
    looking = Looking()
    looking.seen(look(daemon))
    try:
        with Terminal() as terminal:
            Screen(terminal, looking, Looker(daemon, looking, interval, terminal.wake)).run()
    except Ended as ended:
        raise typer.Exit(_SIGNALLED + ended.signal) from None


class Screen:
    """What the operator sees and types."""

    def __init__(self, terminal: Terminal, looking: Looking, looker: Looker) -> None:
        self._terminal = terminal
        self._looking = looking
        self._looker = looker
        self._glyphs = glyphs_for(os.environ)
        self._order: Order = "rate"
        #: What stands still while it is paused.
        self._still: Figures | None = None

    def run(self) -> None:
        """Until q is typed."""
        self._looker.start()
        try:
            while True:
                self._paint()
                if not self._typed(self._terminal.wait(_TICK_SECONDS if self._looking.problem else _SLOWEST_SECONDS)):
                    return
        finally:
            self._looker.stop()

    def _typed(self, keys: str) -> bool:
        """Act on what was typed; False for the end."""
        for key in keys:
            match key:
                case "q" | "Q":
                    return False
                case "p" | " ":
                    self._still = deepcopy(self._looking.figures) if self._still is None else None
                case "s":
                    self._order = "subscribers" if self._order == "rate" else "rate"
                case "+" | "=":
                    self._looker.again(max(_FASTEST_SECONDS, self._looker.interval / 2))
                case "-":
                    self._looker.again(min(_SLOWEST_SECONDS, self._looker.interval * 2))
        return True

    def _paint(self) -> None:
        width, height = self._terminal.size()
        with self._looking.lock:
            self._terminal.paint(ansi(self._lines(width, height), width))

    def _lines(self, width: int, height: int) -> Sequence[Text]:
        looking = self._looking
        figures = self._still or looking.figures
        assert figures.last is not None, "the first look was made before"
        sheet = Sheet(figures, figures.last, self._glyphs, self._order)
        situation = Situation(
            interval=self._looker.interval,
            paused=self._still is not None,
            problem=looking.problem,
            since=looking.since,
            since_seconds=time.monotonic() - looking.since_monotonic,
            keys=self._terminal.keys,
        )
        return drawn(sheet, situation, width, height)


def ansi(lines: Sequence[Text], width: int) -> list[str]:
    """*lines* as a terminal wants them, cut at *width*; without colours where NO_COLOR is set."""
    paper = Console(file=sys.stdout, width=width, force_terminal=True, highlight=False, markup=False, emoji=False)
    with paper.capture() as captured:
        for line in lines:
            paper.print(line, no_wrap=True, overflow="crop", crop=True)
    painted = captured.get().split("\n")
    # behind a line that is full the cursor still stands on its last cell, which clearing the rest would take
    return [
        text if line.cell_len >= width else f"{text}{CLEAR_REST}" for text, line in zip(painted, lines, strict=False)
    ]
