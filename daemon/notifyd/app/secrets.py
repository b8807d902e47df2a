"""The admin token: made on first start, kept in a file that only the daemon's user can read."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

from notifyd.app.problems import CannotStart

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "admin.token"
_TOKEN_BYTES: Final = 32
_MIN_LENGTH: Final = 16
_MAX_LENGTH: Final = 1024


def admin_token(state_dir: Path) -> str:
    """The admin token of this state folder, made where there is none yet. The folder must be locked.

    Raises:
        CannotStart: the file can be read by others, says nothing useful, or cannot be read or written.
    """
    path = state_dir / FILE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return _make(path)
    except OSError as exc:
        raise CannotStart(f"cannot read the admin token {path}: {exc.strerror}") from exc
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise CannotStart(f"the admin token {path} can be read by others (mode {mode:04o}): chmod 600 {path}")
        return _checked(file.read(_MAX_LENGTH + 2).strip(), path)


def _checked(token: str, path: Path) -> str:
    usable = token.isascii() and token.isprintable() and " " not in token
    if not (usable and _MIN_LENGTH <= len(token) <= _MAX_LENGTH):
        raise CannotStart(
            f"the admin token {path} must be one word of {_MIN_LENGTH} to {_MAX_LENGTH} ASCII characters; "
            "remove the file to have a new one made"
        )
    return token


def _make(path: Path) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    scratch = path.with_name(f"{path.name}.new")
    try:
        scratch.unlink(missing_ok=True)  # left by a daemon that was killed here
        _write_synced(scratch, f"{token}\n".encode())
        scratch.replace(path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise CannotStart(f"cannot write the admin token {path}: {exc.strerror}") from exc
    return token


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
