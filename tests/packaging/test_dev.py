"""`make dev`: a changed file starts the daemon anew, a broken one does not end it, and Ctrl-C ends everything."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trio

from tests.docs.pages import ROOT
from tests.e2e.patience import within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


class Dev:
    """The loop over a copy of the sources, and what it says."""

    def __init__(self, tree: Path, process: trio.Process) -> None:
        self.tree = tree
        self.process = process
        self._said = ""

    async def until(self, pattern: str) -> str:
        """What it says up to *pattern*, and not before the last one; its first group."""
        while not (found := re.search(pattern, self._said)):
            chunk = await self.process.stderr.receive_some()
            assert chunk, f"it ended, and said only {self._said}"
            self._said += chunk.decode()
        self._said = self._said[found.end() :]
        return found.group(1) if found.groups() else found.group()

    async def ready(self) -> int:
        """The process id of the daemon that says that it is ready."""
        return int(await self.until(r'"event":"ready".*"pid":(\d+)'))


@pytest.fixture
async def dev(tmp_path: Path) -> AsyncIterator[Dev]:
    tree = tmp_path / "tree"
    for part in ("daemon/notifyd", "notifyctl"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "daemon" / "dev.py", tree / "daemon")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    ports = ["--port", "0", "--ws-port", "0", "--grpc-port", "0", "-S", "log.format=json"]
    process = await trio.lowlevel.open_process(
        [sys.executable, str(tree / "daemon" / "dev.py"), *ports, "--socket", str(tmp_path / "s")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environ | {"PYTHONPATH": f"{tree / 'daemon'}:{tree}"},
        cwd=tmp_path,
        start_new_session=True,
    )
    try:
        yield Dev(tree, process)
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await process.stderr.aclose()


def test_the_target_starts_it():
    assert re.search(r"^dev: .*\n\t@?\$\(BIN\)/python daemon/dev\.py", MAKEFILE, re.MULTILINE)


@within(90)
async def test_what_changes_is_run_and_what_is_broken_is_told(dev: Dev, tmp_path: Path):
    first = await dev.ready()
    source = dev.tree / "daemon/notifyd/__init__.py"
    whole = source.read_text()
    source.write_text(f"{whole}\n# changed\n")
    await dev.until(r"__init__\.py changed: starting anew")
    second = await dev.ready()
    assert second != first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)

    source.write_text(f"{whole}\ndef broken(:\n")
    await dev.until(r"not started, the one before goes on:\ndaemon/notifyd/__init__\.py:\d+: SyntaxError")
    os.kill(second, 0)
    source.write_text(f"{whole}\nraise RuntimeError('at start')\n")
    await dev.until(r"starting anew")
    await dev.until(r"ended with status 1; the next change starts it again")
    source.write_text(whole)
    third = await dev.ready()

    # a setting is as good as code
    (tmp_path / ".env").write_text("NOTIFYD_LOG_LEVEL=debug\n")
    await dev.until(r"\.env changed: starting anew")
    last = await dev.ready()
    assert last != third
    os.killpg(dev.process.pid, signal.SIGINT)
    assert await dev.process.wait() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
