"""Locks between real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from notifyd.app.machine.locks import lock_file, lock_state, make_private_folder
from notifyd.app.problems import AlreadyRunning, CannotStart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HOLDER = """
import sys
from pathlib import Path
from notifyd.app.machine.locks import lock_state
held = lock_state(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_daemon(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of *folder*."""
    command = [sys.executable, "-c", _HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_daemon_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with another_daemon(tmp_path) as process:
        with pytest.raises(AlreadyRunning) as problem:
            lock_state(tmp_path)
        assert problem.value.pid == process.pid
        assert problem.value.path == tmp_path / "lock"
        assert f"process {process.pid} holds {tmp_path / 'lock'} (since 20" in problem.value.message


def test_a_refused_daemon_changes_nothing(tmp_path: Path) -> None:
    with another_daemon(tmp_path):
        before = (tmp_path / "lock").read_bytes()
        with pytest.raises(AlreadyRunning):
            lock_state(tmp_path)
        assert (tmp_path / "lock").read_bytes() == before
        assert os.listdir(tmp_path) == ["lock"]


def test_a_killed_daemon_holds_nothing(tmp_path: Path) -> None:
    with another_daemon(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)
        lock_state(tmp_path).release()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    held = lock_state(tmp_path)
    with pytest.raises(AlreadyRunning):
        lock_state(tmp_path)
    held.release()
    held.release()
    lock_state(tmp_path).release()


def test_an_unreadable_holder_is_still_a_holder(tmp_path: Path) -> None:
    held = lock_file(tmp_path / "x")
    (tmp_path / "x").write_text("not json")
    with pytest.raises(AlreadyRunning, match="another process holds") as problem:
        lock_file(tmp_path / "x")
    assert problem.value.pid == 0
    held.release()


def test_values_of_settings_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["notifyd", "--set", "broker.url=redis://:swordfish@host"])
    held = lock_file(tmp_path / "x")
    with pytest.raises(AlreadyRunning, match=r"as 'notifyd --set broker\.url'"):
        lock_file(tmp_path / "x")
    assert "swordfish" not in (tmp_path / "x").read_text()
    held.release()


def test_the_state_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    lock_state(folder).release()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    make_private_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(CannotStart, match=f"cannot use the folder {tmp_path / 'state'}"):
        lock_state(tmp_path / "state")


def test_a_link_is_no_lock_file(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotStart, match="cannot open the lock file"):
        lock_file(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()
