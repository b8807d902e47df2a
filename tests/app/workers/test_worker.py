from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.app.workers.messages import Start
from notifyd.app.workers.worker import as_worker
from tests.app.composed import loaded_with

if TYPE_CHECKING:
    from pathlib import Path

START = Start(1, 3, 4711, "/run/a.sock", None, {}, dev=False, ports={"server.port": 4321})


def test_a_worker_has_the_ports_of_all_and_a_name_of_its_own(tmp_path: Path) -> None:
    loaded = loaded_with(tmp_path)
    settings = replace(loaded.settings, server=replace(loaded.settings.server, port=0))
    unnamed = as_worker(replace(loaded, settings=settings), START).settings
    assert (unnamed.server.port, unnamed.cluster.node_name) == (4321, "")
    named = replace(settings, cluster=replace(settings.cluster, node_name="east"))
    assert as_worker(replace(loaded, settings=named), START).settings.cluster.node_name == "east-1"


@pytest.mark.slow
def test_nobody_starts_one_by_hand() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "notifyd.app.workers.worker"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "notifyd: a worker is started by `notifyctl serve --workers N` alone\n"
