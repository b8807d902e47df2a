"""What keeps the daemon from starting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifyd.errors import Conflict, NotifydError

if TYPE_CHECKING:
    from pathlib import Path


class CannotStart(NotifydError):
    """Something around the daemon is not as it must be; the message says what, where, and what to do."""

    code = "cannot_start"


class AlreadyRunning(Conflict):
    """Another daemon holds what this one needs; nothing was touched.

    Attributes:
        pid: the process that holds it, or 0 where that is not known.
        path: the lock file.
    """

    code = "already_running"

    def __init__(self, pid: int, path: Path, *, since: str = "", command: str = "") -> None:
        who = f"process {pid}" if pid else "another process"
        details = ", ".join(filter(None, (since and f"since {since}", command and f"as {command!r}")))
        super().__init__(f"a daemon is already running: {who} holds {path}{details and f' ({details})'}")
        self.pid = pid
        self.path = path
