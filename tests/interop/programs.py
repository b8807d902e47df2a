"""Other people's programs, run against a daemon."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.daemon import Daemon

HERE = Path(__file__).parent
DOCUMENTED = HERE / "documented"
MODULES = HERE / "node_modules"


def tool(*names: str) -> str:
    """The path of the first of these programs that is installed. Without one the test is skipped; on CI it fails."""
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing(f"{' or '.join(names)} is not installed")
    return path


def npm_package(name: str) -> Path:
    """The folder of an npm package, or no test, as with `tool`."""
    folder = MODULES / name
    if not folder.is_dir():
        missing(f"the npm package {name} is not installed: run npm ci --prefix tests/interop")
    return folder


def missing(what: str) -> NoReturn:
    """End the test: a person may lack something, CI may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def documented(name: str, daemon: Daemon, key: str = "", **placeholders: str) -> str:
    """A documented program as it stands, but for the ports, the key and what else holds another's place.

    `client_id="cl_1"` is for `your-client-id`.
    """
    text = (DOCUMENTED / name).read_text()
    http, ws = f"localhost:{daemon.http[1]}", f"localhost:{daemon.ws[1]}"
    ports = {"localhost:3000": http, "your-server:3000": http, "localhost:3001": ws}
    theirs = {f"your-{name.replace('_', '-')}": value for name, value in placeholders.items()}
    for documented_one, ours in (ports | theirs | {"your-api-key": key}).items():
        text = text.replace(documented_one, ours)
    return text


async def shell(name: str, daemon: Daemon, key: str = "", **placeholders: str) -> Any:
    """Run a documented call of curl; its answer, decoded."""
    tool("curl")
    quiet = "curl --silent --noproxy '*' --max-time 20 "
    script = documented(name, daemon, key, **placeholders).replace("curl ", quiet, 1)
    return json.loads((await trio.run_process(["sh", "-c", script], capture_stdout=True)).stdout)


class Program:
    """A running program."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._waiting = b""
        #: All that it printed, on standard output and standard error.
        self.printed = ""

    async def until(self, text: str) -> str:
        """Read to the line that holds *text*, and give that line."""
        while True:
            line, end, rest = self._waiting.partition(b"\n")
            if end:
                self._waiting = rest
                self.printed += line.decode() + "\n"
                if text in line.decode():
                    return line.decode()
                continue
            assert self._process.stdout is not None
            chunk = await self._process.stdout.receive_some()
            assert chunk, f"the program ended without {text!r}:\n{self.printed}{self._waiting.decode()}"
            self._waiting += chunk

    async def say(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(line.encode() + b"\n")

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    async def ended(self) -> int:
        """Wait for its end; its exit status."""
        return await self._process.wait()


@asynccontextmanager
async def program(*command: str, folder: Path, environ: dict[str, str] | None = None) -> AsyncIterator[Program]:
    """Run a program while the body does; its standard input stays open and empty."""
    process = await trio.lowlevel.open_process(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"} | (environ or {}),
    )
    try:
        yield Program(process)
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    await stream.aclose()
