"""What the supervisor does before its workers: locks and secrets."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.app.machine.locks import lock_state
from notifyd.app.problems import AlreadyRunning
from notifyd.app.workers import run
from tests.app.composed import loaded_with

if TYPE_CHECKING:
    from pathlib import Path

    from notifyd.config import Settings


def settings(folder: Path) -> Settings:
    loaded = loaded_with(folder).settings
    return replace(loaded, server=replace(loaded.server, state_dir=folder / "state", drain_seconds=0.1))


def orphaned(folder: Path) -> int:
    """Hold the state folder as a worker does whose supervisor has ended; answers the descriptor to let go of."""
    held = lock_state(folder)
    descriptor = os.dup(held.descriptor)
    held.release()
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (folder / "lock").write_text(f'{{"pid":{int(ended.stdout)}}}')
    return descriptor


def test_orphans_are_waited_for(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    descriptor = orphaned(wanted.server.state_dir)
    threading.Timer(0.2, os.close, (descriptor,)).start()
    run._lock_patiently(wanted).release()


def test_orphans_that_stay_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_ORPHAN_SECONDS", 0.1)
    wanted = settings(tmp_path)
    descriptor = orphaned(wanted.server.state_dir)
    with pytest.raises(AlreadyRunning):
        run._lock_patiently(wanted)
    os.close(descriptor)


def test_a_daemon_that_lives_is_not_waited_for(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    held = lock_state(wanted.server.state_dir)
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        run._lock_patiently(wanted)
    held.release()


def test_secrets_are_made_once_and_told_as_fresh_once(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    wanted.server.state_dir.mkdir(mode=0o700)
    assert run._make_secrets(wanted, dev=False)
    names = {path.name for path in wanted.server.state_dir.iterdir()}
    assert names == {"admin.token", "master.key"}
    assert not run._make_secrets(wanted, dev=False)
