"""Where things are looked for: the configuration file, the state folder. Nothing is touched here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "notifyd.toml"
SYSTEM_FILE = Path("/etc/notifyd") / FILE_NAME
SYSTEM_STATE = Path("/var/lib/notifyd")
MOST_SOCKET_BYTES = 107  # what sockaddr_un holds besides its NUL


def home_folder(environ: Mapping[str, str]) -> Path | None:
    """The home folder, or None for a service that has none."""
    return _absolute(environ, "HOME")


def user_file(environ: Mapping[str, str]) -> Path | None:
    """The configuration file of this user, or None where there is no home folder."""
    folder = _absolute(environ, "XDG_CONFIG_HOME")
    home = home_folder(environ)
    if folder is None and home is not None:
        folder = home / ".config"
    return folder / "notifyd" / FILE_NAME if folder else None


def own_file(environ: Mapping[str, str]) -> Path:
    """Where a configuration file is made that is not there yet."""
    return user_file(environ) or SYSTEM_FILE


def searched_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a configuration file is looked for when none is named, first come first."""
    user = user_file(environ)
    return (user, SYSTEM_FILE) if user else (SYSTEM_FILE,)


def overlay_file(config_file: Path) -> Path:
    """The file that `notifyctl config set` writes, beside the configuration file that it lies over."""
    return config_file.with_name(f"{config_file.stem}.overlay.toml")


def state_folder(environ: Mapping[str, str]) -> Path:
    """The state folder where no source names one."""
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.partition(":")[0])
    if "NOTIFY_SOCKET" in environ and "XDG_RUNTIME_DIR" not in environ:
        return SYSTEM_STATE  # started by the system's own systemd: a user's has a runtime folder
    if folder := _absolute(environ, "XDG_STATE_HOME"):
        return folder / "notifyd"
    home = home_folder(environ)
    return home / ".local/state/notifyd" if home else SYSTEM_STATE


def expanded(path: Path, environ: Mapping[str, str]) -> Path | None:
    """*path* with a leading `~` put for the home folder; None if it needs one and there is none."""
    if path.parts[:1] != ("~",):
        return path
    home = home_folder(environ)
    return home.joinpath(*path.parts[1:]) if home else None


def _absolute(environ: Mapping[str, str], name: str) -> Path | None:
    # the XDG specification wants relative values ignored
    text = environ.get(name, "")
    return Path(text) if text.startswith("/") else None
