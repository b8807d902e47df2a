"""What stdout is, and what to do about a reader of it that has gone."""

from __future__ import annotations

import os

_STDOUT = 1


def paintable() -> bool:
    """Whether stdout is a terminal that a screen can be painted on."""
    return os.isatty(_STDOUT) and os.environ.get("TERM", "dumb") not in ("dumb", "")


def silence_stdout() -> None:
    """Let whatever is still buffered vanish without a word at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
