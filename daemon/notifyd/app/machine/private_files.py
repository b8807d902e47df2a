"""Small files that only the daemon's user can read: one line each, made when they are asked for first."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from notifyd.app.problems import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable


def private_line(path: Path, what: str, make: Callable[[], str], *, max_length: int) -> str:
    """The line in *path*, *what* it is being told in refusals; where there is no such file, what *make* answers.

    A longer line comes back with more than *max_length* characters, and is the caller's to refuse.

    Raises:
        CannotStart: the file can be read by others, or cannot be read or written.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return _made(path, what, make())
    except OSError as exc:
        raise CannotStart(f"cannot read the {what} {path}: {exc.strerror}") from exc
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077 and not _from_systemd(path):
            raise CannotStart(f"the {what} {path} can be read by others (mode {mode:04o}): chmod 600 {path}")
        return os.read(descriptor, max_length + 2).decode("ascii", "replace").strip()
    except OSError as exc:
        raise CannotStart(f"cannot read the {what} {path}: {exc.strerror}") from exc
    finally:
        os.close(descriptor)


def _from_systemd(path: Path) -> bool:
    """Whether it is a credential of the unit: closed to others by an ACL, whose mask shows as the group's mode."""
    given = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return given != "" and path.parent == Path(given)


def _made(path: Path, what: str, line: str) -> str:
    scratch = path.with_name(f"{path.name}.new")
    try:
        scratch.unlink(missing_ok=True)  # left by a daemon that was killed here
        _write_synced(scratch, f"{line}\n".encode())
        scratch.replace(path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise CannotStart(f"cannot write the {what} {path}: {exc.strerror}") from exc
    return line


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
