"""The examples as a user runs them, in a folder of their own, with a daemon beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio

from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.daemon import Daemon

EXAMPLES = ROOT / "examples"
PIPELINES = EXAMPLES / "pipelines"


def environment(daemon: Daemon, **more: str) -> dict[str, str]:
    """A shell in which `notifyctl` is this one."""
    bin_ = daemon.folder / "bin"
    bin_.mkdir(exist_ok=True)
    command = bin_ / "notifyctl"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m notifyctl "$@"\n')
    command.chmod(0o755)
    base = daemon.environment()
    return {**base, "PATH": f"{bin_}:{base['PATH']}", **more}


class Script:
    """One that runs."""

    def __init__(self, process: trio.Process, err: Path) -> None:
        self._process = process
        self._err = err
        self._said = b""

    async def line(self) -> str:
        """The next line of its stdout."""
        while b"\n" not in self._said:
            assert self._process.stdout is not None
            chunk = await self._process.stdout.receive_some()
            assert chunk, self.err
            self._said += chunk
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    @property
    def err(self) -> str:
        """What it said on stderr up to now."""
        return self._err.read_text()


@asynccontextmanager
async def running(daemon: Daemon, command: list[str], **environ: str) -> AsyncIterator[Script]:
    """*command* until the end of the block, and everything that it starts."""
    err = daemon.folder / "script.err"
    with err.open("wb") as stderr:
        process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(daemon, **environ),
            cwd=daemon.folder,
            start_new_session=True,
        )
    try:
        yield Script(process, err)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()
            if process.stdout is not None:
                await process.stdout.aclose()


async def done(daemon: Daemon, command: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    """*command* when it has ended by itself."""
    return await trio.to_thread.run_sync(
        lambda: subprocess.run(
            command, env=environment(daemon, **environ), cwd=daemon.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60, check=False,
        )
    )  # fmt: skip


def pipeline(name: str, *arguments: str) -> list[str]:
    """How a recipe is called."""
    bash = shutil.which("bash")
    assert bash is not None, "the recipes are written for it"
    return [bash, str(PIPELINES / f"{name}.sh"), *arguments]


async def kept(daemon: Daemon, channel: str) -> list[Any]:
    """What the history of *channel* holds."""
    done = await daemon.ctl("channels", "history", channel, "-o", "json")
    return [each["data"] for each in done.json] if done.status == 0 else []


async def listening(daemon: Daemon, channel: str) -> None:
    """Wait until somebody is subscribed to *channel*."""
    while not (await daemon.ctl("connections", "list", "--channel", channel, "-q")).out:
        pass
