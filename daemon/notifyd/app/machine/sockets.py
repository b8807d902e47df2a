"""Where the admin socket goes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notifyd.app.machine.locks import HeldLock, lock_file, make_private_folder
from notifyd.app.problems import CannotStart
from notifyd.config import state_folder
from notifyd.config.places import MOST_SOCKET_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER: Final = "notifyd"
_NAME: Final = "admin.sock"


def candidates(state_dir: Path, environ: Mapping[str, str]) -> list[Path]:
    """The places of the socket in the order in which daemon and notifyctl look, where none is configured."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    places = [Path(runtime) / _FOLDER / _NAME] if Path(runtime).is_absolute() else []
    return [*places, Path("/run") / _FOLDER / _NAME, state_dir / _NAME]


def found_by_itself(path: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether notifyctl looks for the socket at *path* without being told."""
    return path in candidates(state_folder(environ), environ)


def choose_socket(configured: Path | None, state_dir: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The configured place, or the first candidate that this process may make a socket in.

    Raises:
        CannotStart: the path is too long, or its folder is missing or not ours to write.
    """
    if configured is not None:
        path = configured.expanduser().absolute()
        _check_length(path)
        if not _usable(path.parent):
            raise CannotStart(f"cannot make the admin socket {path}: {path.parent} is missing or not writable")
        return path
    for path in candidates(state_dir.absolute(), environ):
        if _usable(path.parent) and _fits(path):
            return path
    path = state_dir.absolute() / _NAME
    _check_length(path)
    raise CannotStart(f"cannot make the admin socket {path}: its folder is missing or not writable")


def claim_socket(path: Path) -> HeldLock:
    """Lock the socket's place, make its folder, and clear away what a killed daemon left there.

    Raises:
        AlreadyRunning: a daemon serves this socket; nothing was touched.
        CannotStart: something else than a socket is there, or the place cannot be used.
    """
    if path.parent.name == _FOLDER or not path.parent.exists():
        make_private_folder(path.parent)
    held = lock_file(path.with_name(f"{path.name}.lock"))
    try:
        _remove_stale(path)
    except BaseException:
        held.release()
        raise
    return held


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise CannotStart(
                f"{path} is in the way of the admin socket and is not a socket; remove it or choose another"
            )
        path.unlink()
    except FileNotFoundError:
        return
    except OSError as exc:
        raise CannotStart(f"cannot remove the old socket {path}: {exc.strerror}") from exc


def _usable(folder: Path) -> bool:
    """Whether a socket can be made in *folder*, which may have to be made itself."""
    place = folder if folder.exists() else folder.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= MOST_SOCKET_BYTES


def _check_length(path: Path) -> None:
    if not _fits(path):
        length = len(os.fsencode(path))
        raise CannotStart(
            f"the path of the admin socket is {length} bytes long and the kernel takes {MOST_SOCKET_BYTES}: {path}; "
            "choose a shorter one with --socket or server.admin_socket"
        )
