"""The locks that keep two daemons off one state folder and off one socket."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.app.problems import AlreadyRunning, CannotStart
from notifyd.clock import iso_ms, now_ms

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES: Final = 4096


class Holder(msgspec.Struct, frozen=True):
    """What a lock file says about who holds it."""

    pid: int = 0
    started_at: str = ""
    command: str = ""


class HeldLock:
    """A lock that this process holds until `release`, or until the kernel ends it, kill -9 included.

    The file itself stays for ever: removing it would let a third process lock another file of the same name.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def descriptor(self) -> int:
        """What a child has to inherit to hold the lock too: it is free when the last of them has ended."""
        return self._descriptor

    def release(self) -> None:
        """Let go. Once is enough."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def make_private_folder(folder: Path) -> None:
    """Make *folder* where it is missing, and see to it that only this user can look into it.

    Raises:
        CannotStart: it cannot be made, or it belongs to somebody else.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise CannotStart(
                f"{folder} belongs to user {found.st_uid}, not to user {os.geteuid()} who runs the daemon"
            )
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as exc:
        raise CannotStart(f"cannot use the folder {folder}: {exc.strerror}") from exc


def lock_state(folder: Path) -> HeldLock:
    """Make the state folder and lock it for this process.

    Raises:
        AlreadyRunning: another daemon holds it.
        CannotStart: the folder or the lock file cannot be used.
    """
    make_private_folder(folder)
    return lock_file(folder / "lock")


def lock_file(path: Path) -> HeldLock:
    """Lock the file *path* for this process and write into it who holds it.

    Raises:
        AlreadyRunning: another process holds it.
        CannotStart: the file cannot be used.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as exc:
        raise CannotStart(f"cannot open the lock file {path}: {exc.strerror}") from exc
    try:
        _lock(descriptor, path)
        _sign(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return HeldLock(path, descriptor)


def read_holder(descriptor: int) -> Holder:
    """Who holds the lock, as far as its file says; an unreadable one says nothing."""
    try:
        return msgspec.json.decode(os.pread(descriptor, _MAX_BYTES, 0), type=Holder)
    except (OSError, msgspec.DecodeError):
        return Holder()


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = read_holder(descriptor)
        raise AlreadyRunning(holder.pid, path, since=holder.started_at, command=holder.command) from None
    except OSError as exc:
        raise CannotStart(f"cannot lock {path}: {exc.strerror}; it must be on a local file system") from exc


def _sign(descriptor: int) -> None:
    # what stands behind an = may be a setting's value, and that a secret
    command = " ".join(argument.partition("=")[0] for argument in sys.argv)[:500]
    command = command.encode("utf-8", "backslashreplace").decode()
    entry = msgspec.json.encode(Holder(os.getpid(), iso_ms(now_ms()), command))
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, entry + b"\n", 0)
    except OSError:
        return  # a full disk: the lock holds all the same, it only cannot say for whom
