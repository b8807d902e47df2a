"""The command line against a daemon of our own: the admin service on a real socket, with scripted answers."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifyctl.daemons import locate
from tests.cli.scripted import Admin, Ctl


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: a socket's has 107 bytes at most."""
    made = Path(tempfile.mkdtemp(prefix="ctl-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("NOTIFY", "_NOTIFY", "_TYPER")):
            monkeypatch.delenv(name)
    for name in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(folder / name.lower()))


@pytest.fixture(autouse=True)
def _no_daemon_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may run a daemon too; it is looked for in two places that no variable moves."""
    system = {Path("/run/notifyd/admin.sock"), Path("/var/lib/notifyd/admin.sock")}
    probe = locate._probe

    def outside(place: Path) -> OSError | None:
        return FileNotFoundError(2, "No such file or directory") if place in system else probe(place)

    monkeypatch.setattr(locate, "_probe", outside)


@pytest.fixture
def admin(folder: Path) -> Iterator[Admin]:
    """A daemon that answers."""
    served = Admin(folder / "a.sock")
    served.start()
    yield served
    served.stop()


@pytest.fixture
def lonely(capfd: pytest.CaptureFixture[str], folder: Path) -> Ctl:
    """The command line where no daemon is."""
    return Ctl(capfd, folder)


@pytest.fixture
def ctl(lonely: Ctl, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> Ctl:
    """The command line beside *admin*."""
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(admin.socket))
    return lonely
