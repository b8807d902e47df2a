"""`--exec`: a command for each publication, without a shell, and never left behind."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from notifyctl.exits import usage

if TYPE_CHECKING:
    from notifyctl.showing.output import Record

#: How long a command that is asked to end may take over it.
_GRACE_SECONDS: Final = 5.0
#: Environment variables of the command, and the fields that they hold.
_TOLD: Final = {
    "NOTIFYD_ID": "id",
    "NOTIFYD_CHANNEL": "channel",
    "NOTIFYD_EPOCH": "epoch",
    "NOTIFYD_OFFSET": "offset",
    "NOTIFYD_PRIORITY": "priority",
    "NOTIFYD_USER": "userId",
    "NOTIFYD_ATTEMPT": "attempt",
}


def command_of(text: str) -> list[str]:
    """The words of the command line *text*, as a shell would split it; nothing in it is expanded.

    Raises:
        Refusal: it has none, or its first one is no program.
    """
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise usage(f"--exec cannot be split into words: {exc}.") from exc
    if not words:
        raise usage("--exec names no command.")
    if shutil.which(words[0]) is None:
        raise usage(f"--exec names {words[0]}, which is no program here. A shell's words need a shell: sh -c '...'.")
    return words


class Command:
    """A `Job` that runs a command with the publication on its stdin."""

    def __init__(self, words: list[str], *, timeout_seconds: float) -> None:
        self._words = words
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> Command:
        """See `Job`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """See `Job`: every command has ended with its call."""

    async def __call__(self, publication: Record, body: bytes) -> str:
        """See `Job`. When it is cancelled the command and what it started end first."""
        try:
            process = await trio.lowlevel.open_process(
                self._words, stdin=subprocess.PIPE, env=_environment(publication), start_new_session=True
            )
        except OSError as exc:
            return f"it cannot be run: {exc.strerror}"
        try:
            with trio.move_on_after(self._timeout_seconds):
                await _fed(process, body + b"\n")
                return _meaning(await process.wait())
            return f"ended after {self._timeout_seconds:g} s, which is all that --exec-timeout allows"
        finally:
            await _end(process)


def _environment(publication: Record) -> dict[str, str]:
    told = {name: publication[field] for name, field in _TOLD.items()}
    kept = {name: value for name, value in os.environ.items() if name not in told}
    return kept | {name: _text(value) for name, value in told.items() if value is not None}


def _text(value: object) -> str:
    # What comes from elsewhere may hold what no environment can.
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()


async def _fed(process: trio.Process, body: bytes) -> None:
    assert process.stdin is not None, "it was opened with one"
    async with process.stdin:
        # Whoever does not read it needs it not.
        with suppress(trio.BrokenResourceError):
            await process.stdin.send_all(body)


def _meaning(status: int) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name if -status in list(signal.Signals) else -status}"
    return f"exit status {status}" if status else ""


async def _end(process: trio.Process) -> None:
    """Have the command and everything that it started ended; what ends by itself in time is not killed."""
    if process.returncode is not None:
        return
    with trio.CancelScope(shield=True):
        _signal(process, signal.SIGTERM)
        with trio.move_on_after(_GRACE_SECONDS):
            await process.wait()
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: trio.Process, number: signal.Signals) -> None:
    # It leads a session of its own, so that this reaches what it has started too.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
