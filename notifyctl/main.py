"""The entry points `notifyctl` and `notifyd`. The tree of commands is imported by those who get further than here."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: `exits.Status.INTERRUPTED`, which is not worth an import here.
_INTERRUPTED: Final = 130


def main() -> int:
    """The console script `notifyctl`."""
    return _run("notifyctl", run)


def daemon() -> int:
    """The console script `notifyd`, which is `notifyctl serve`."""
    return _run("notifyd", _serve)


def run(args: Sequence[str]) -> int:
    """Run one command line of notifyctl and return its exit status; usage errors are said on stderr."""
    from notifyctl import program

    return program.run(args)


def _serve(args: Sequence[str]) -> int:
    from notifyctl import program

    return program.run_serve(args)


def _run(name: str, function: Callable[[Sequence[str]], int]) -> int:
    if sys.argv[1:] == ["--version"]:
        from notifyd import __version__

        sys.stdout.write(f"{name} {__version__}\n")
        return 0
    # What is imported stays: looking through it for garbage takes an eighth of the time until a command begins.
    gc.disable()
    _speak_utf8()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    status = function(sys.argv[1:])
    if status == _INTERRUPTED:
        # what Python clears away at its end is nothing that one more Ctrl-C would have to stop
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return _flushed(int(status))


def _interrupt(number: int, frame: object) -> None:
    """Ctrl-C: unwind politely, and should that take too long, a second one ends at once with the same status."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    raise KeyboardInterrupt


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _flushed(status: int) -> int:
    """Write what is left, so that a reader who has gone does not turn into a traceback at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        from notifyctl.showing.pipes import silence_stdout

        silence_stdout()
    return status
