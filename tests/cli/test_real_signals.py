"""Ctrl-C and SIGTERM while `notifyctl listen` runs: no traceback, the right end, and no command left behind."""

import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.listening.working.test_execute import alive
from tests.cli.real import LONGEST_SECONDS, RealDaemon, environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start()
    (folder / "key").write_text(running.ctl("keys", "create", "--name", "listener", "-q"))
    yield running
    running.stop()
    shutil.rmtree(folder)


def started(daemon: RealDaemon, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "notifyctl", "listen", "c", *args]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(daemon.folder)
    )
    until(lambda: bool(daemon.ctl("connections", "list", "--channel", "c", "-q")))
    return process


def until(truth: Callable[[], bool]) -> None:
    end = time.monotonic() + 3 * LONGEST_SECONDS
    while not truth():
        assert time.monotonic() < end


def ended(daemon: RealDaemon, process: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = process.communicate(timeout=3 * LONGEST_SECONDS)
    until(lambda: not daemon.ctl("connections", "list", "--channel", "c", "-q"))
    return process.returncode, err


def ways(daemon: RealDaemon) -> dict[str, list[str]]:
    return {"admin": [], "WebSocket": ["--url", daemon.url, "--key-file", str(daemon.folder / "key")]}


@pytest.mark.parametrize("way", ["admin", "WebSocket"])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)], ids=str)
def test_printing_ends_without_a_word(daemon: RealDaemon, way: str, number: signal.Signals, status: int):
    process = started(daemon, *ways(daemon)[way])
    process.send_signal(number)
    assert ended(daemon, process) == (status, "")


@pytest.mark.parametrize("way", ["admin", "WebSocket"])
@pytest.mark.parametrize(
    ("numbers", "status"),
    [([signal.SIGINT], 130), ([signal.SIGTERM, signal.SIGTERM], -signal.SIGTERM)],
    ids=str,
)
def test_no_command_is_left_behind(
    daemon: RealDaemon, tmp_path: Path, way: str, numbers: list[signal.Signals], status: int
):
    place = tmp_path / "pids"
    code = f"trap '' TERM; sleep 60 & echo $$ $! > {place}.new; mv {place}.new {place}; wait"
    process = started(daemon, *ways(daemon)[way], "--exec", f"sh -c {shlex.quote(code)}")
    daemon.ctl("send", "--channel", "c", "x", "-q")
    until(place.exists)
    for number in numbers:
        process.send_signal(number)
    assert ended(daemon, process) == (status, "")
    pids = [int(pid) for pid in place.read_text().split()]
    assert len(pids) == 2
    until(lambda: not any(map(alive, pids)))
