"""Where the admin socket goes, and who may have it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from notifyctl.daemons import locate
from notifyd.app.machine.sockets import candidates, choose_socket, claim_socket, found_by_itself
from notifyd.app.problems import AlreadyRunning, CannotStart
from notifyd.config import state_folder
from notifyd.config.places import MOST_SOCKET_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with TemporaryDirectory(prefix="nd") as folder:
        monkeypatch.chdir(folder)
        yield Path(folder)


def leave_socket(path: Path) -> None:
    """What a killed daemon leaves behind."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))


def test_the_runtime_folder_comes_first(short: Path) -> None:
    runtime = short / "run"
    runtime.mkdir()
    assert choose_socket(None, short, {"XDG_RUNTIME_DIR": str(runtime)}) == runtime / "notifyd" / "admin.sock"


def test_the_candidates_end_in_the_state_folder() -> None:
    places = candidates(Path("/state"), {"XDG_RUNTIME_DIR": "/run/user/7"})
    assert places == [
        Path("/run/user/7/notifyd/admin.sock"),
        Path("/run/notifyd/admin.sock"),
        Path("/state/admin.sock"),
    ]
    assert candidates(Path("/state"), {"XDG_RUNTIME_DIR": "relative"})[0] == Path("/run/notifyd/admin.sock")


@pytest.mark.parametrize("variables", [{"XDG_RUNTIME_DIR": "/run/user/7"}, {}, {"XDG_STATE_HOME": "/s"}])
def test_notifyctl_looks_in_the_same_places_in_the_same_order(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/h")
    environ = {"HOME": "/h", **variables}
    places = candidates(state_folder(environ), environ)
    assert locate.candidates(environ) == [*places, Path("/var/lib/notifyd/admin.sock")]
    assert all(found_by_itself(place, environ) for place in places)


def test_a_socket_elsewhere_is_not_found_by_itself() -> None:
    assert not found_by_itself(Path("/elsewhere/admin.sock"), {"HOME": "/h"})


def test_a_missing_runtime_folder_is_passed_over(short: Path) -> None:
    assert choose_socket(None, short, {"XDG_RUNTIME_DIR": str(short / "none")}).parent.parent != short / "none"


def test_a_configured_path_holds(short: Path) -> None:
    assert choose_socket(Path("here.sock"), short, {}) == short / "here.sock"


def test_a_configured_path_without_a_folder_is_refused(short: Path) -> None:
    with pytest.raises(CannotStart, match="is missing or not writable"):
        choose_socket(short / "a" / "b" / "admin.sock", short, {})


def test_a_long_path_is_refused(short: Path) -> None:
    fits = short / ("x" * (MOST_SOCKET_BYTES - len(os.fsencode(short)) - 1))
    assert choose_socket(fits, short, {}) == fits
    with pytest.raises(CannotStart, match="is 108 bytes long and the kernel takes 107"):
        choose_socket(fits.with_name(f"{fits.name}x"), short, {})


def test_a_candidate_that_is_too_long_is_passed_over(short: Path) -> None:
    runtime = short / ("x" * 100)
    runtime.mkdir()
    assert choose_socket(None, short, {"XDG_RUNTIME_DIR": str(runtime)}).parent.parent != runtime


def test_the_folder_is_made_private(short: Path) -> None:
    claim_socket(short / "notifyd" / "admin.sock").release()
    assert (short / "notifyd").stat().st_mode & 0o777 == 0o700


def test_somebody_elses_folder_keeps_its_mode(short: Path) -> None:
    (short / "shared").mkdir(mode=0o755)
    claim_socket(short / "shared" / "admin.sock").release()
    assert (short / "shared").stat().st_mode & 0o777 == 0o755


def test_a_stale_socket_is_cleared_away(short: Path) -> None:
    leave_socket(short / "admin.sock")
    claim_socket(short / "admin.sock").release()
    assert not (short / "admin.sock").exists()


def test_a_served_socket_is_left_alone(short: Path) -> None:
    held = claim_socket(short / "admin.sock")
    leave_socket(short / "admin.sock")
    with pytest.raises(AlreadyRunning) as problem:
        claim_socket(short / "admin.sock")
    assert problem.value.pid == os.getpid()
    assert (short / "admin.sock").exists()
    held.release()


def test_what_is_no_socket_is_left_alone(short: Path) -> None:
    (short / "admin.sock").write_text("precious")
    with pytest.raises(CannotStart, match="is not a socket"):
        claim_socket(short / "admin.sock")
    assert (short / "admin.sock").read_text() == "precious"
    (short / "admin.sock").unlink()
    claim_socket(short / "admin.sock").release()
