"""The terminal: taken over, painted without flicker, watched for keys, and given back as it was."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_LEAVE: Final = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
CLEAR_REST: Final = "\x1b[0m\x1b[K"
"""Clears what was to the right of what was just written."""
#: Terminals that know it show a frame when all of it is there; the others ignore it.
_BEGIN_FRAME: Final = "\x1b[?2026h"
_END_FRAME: Final = "\x1b[?2026l"
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Ended(Exception):
    """A signal asks for the end, or the terminal is gone.

    Attributes:
        signal: its number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Terminal:
    """The alternate screen of stdout, with the keys of stdin, as a context."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._shown: list[str] = []
        self._cooked: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._wake_read, self._wake_write = os.pipe()
        self._resized = True
        #: Whether keys are read.
        self.keys = os.isatty(0)

    def __enter__(self) -> Terminal:
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        for number in _ENDING:
            self._handle(number, self._end)
        self._handle(signal.SIGWINCH, self._resize)
        self._handle(signal.SIGTSTP, self._stop)
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            size = os.get_terminal_size(self._out.fileno())
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def wake(self) -> None:
        """End a `wait`, from any thread."""
        # a full pipe wakes as well
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def wait(self, seconds: float) -> str:
        """What was typed, as soon as there is any; "" after *seconds*, a `wake` or a change of size.

        Raises:
            Ended: stdin is gone.
        """
        watched = [self._wake_read, 0] if self.keys else [self._wake_read]
        ready, _, _ = select.select(watched, [], [], max(0.0, seconds))
        if self._wake_read in ready:
            with contextlib.suppress(OSError):
                os.read(self._wake_read, 4096)
        if 0 not in ready:
            return ""
        try:
            typed = os.read(0, 64)
        except OSError:
            typed = b""
        if not typed:
            raise Ended(signal.SIGHUP)
        return typed.decode("ascii", "replace")

    def paint(self, lines: Sequence[str]) -> None:
        """Show *lines*, each without line breaks and whole or with CLEAR_REST; only those that differ are written.

        Raises:
            Ended: the terminal is gone.
        """
        whole, self._resized = self._resized, False
        shown = [] if whole else self._shown
        changes = [
            f"\x1b[{place + 1};1H\x1b[0m{line}"
            for place, line in enumerate(lines)
            if place >= len(shown) or shown[place] != line
        ]
        self._shown = list(lines)
        if whole or changes:
            clear = "\x1b[2J" if whole else ""
            self._write(f"{_BEGIN_FRAME}{clear}{''.join(changes)}{_END_FRAME}")

    def _take(self) -> None:
        self._write(_ENTER)
        self._resized = True
        if self.keys:
            self._cooked = termios.tcgetattr(0)
            # signals stay: Ctrl-C and Ctrl-Z mean what they always mean
            tty.setcbreak(0, termios.TCSADRAIN)

    def _give_back(self) -> None:
        # a terminal that is gone has nothing to be given back to
        with contextlib.suppress(Ended):
            self._write(_LEAVE)
        if self._cooked is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, self._cooked)
            self._cooked = None

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError as exc:
            raise Ended(signal.SIGHUP) from exc

    def _handle(self, number: int, act: Callable[[int, FrameType | None], None]) -> None:
        before = signal.getsignal(number)
        if before is not signal.SIG_IGN:
            self._handlers[number] = before
            signal.signal(number, act)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        for ending in _ENDING:
            # one is enough: giving the terminal back is not to be interrupted
            signal.signal(ending, signal.SIG_IGN)
        raise Ended(number)

    def _resize(self, _number: int, _frame: FrameType | None) -> None:
        self._resized = True
        self.wake()

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Ctrl-Z: out of the way until the shell lets us go on."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # here it goes on
        signal.signal(number, self._stop)
        self._take()
        self.wake()
