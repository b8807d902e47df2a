"""A real daemon in a process of its own, with folders of its own, on ports that are free."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import trio

from tests.e2e.patience import PATIENCE
from tests.e2e.ports import HeldPorts
from tests.e2e.rest import Rest, rest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Address = tuple[str, int]

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 20.0


class DaemonFailed(Exception):
    """It ended when it should not have; the message is what it said on standard error."""


class Finished(msgspec.Struct, frozen=True):
    """A program that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, decoded."""
        return msgspec.json.decode(self.out)


class Daemon:
    """May be started and ended many times; what it keeps stays in its folder."""

    def __init__(self, folder: Path, nursery: trio.Nursery, *settings: str, dev: bool = True) -> None:
        self.folder = folder
        # a Unix socket's path holds 107 bytes, which the folders of a test may exceed
        self.runtime = Path(tempfile.mkdtemp(prefix="notifyd-"))
        self.settings = list(settings)
        self.dev = dev
        #: More environment for the next start.
        self.environ: dict[str, str] = {}
        #: Everything it said on standard error, in all its lives.
        self.stderr: list[str] = []
        self._ports = ("0", "0", "0")
        self._held = HeldPorts()
        self._nursery = nursery
        self._process: trio.Process | None = None
        self._ready = trio.Event()
        self._silent = trio.Event()
        self._listeners: dict[str, str] = {}

    @property
    def process(self) -> trio.Process:
        """The running process."""
        assert self._process is not None, "the daemon was not started"
        return self._process

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    @property
    def ready(self) -> bool:
        """Whether this life of it has said that it is ready."""
        return bool(self._listeners)

    @property
    def http(self) -> Address:
        """Where REST and WebSocket are."""
        return self._address("http")

    @property
    def ws_url(self) -> str:
        """Where the second WebSocket port is."""
        return self._listeners["ws"]

    @property
    def http_url(self) -> str:
        """Where REST is, as a URL."""
        return self._listeners["http"]

    @property
    def ws(self) -> Address:
        """Host and port of `ws_url`."""
        return self._address("ws")

    @property
    def grpc(self) -> str:
        """Where gRPC is: host and port."""
        return self._listeners["grpc"].removeprefix("grpc://")

    def _address(self, name: str) -> Address:
        parts = urlsplit(self._listeners[name])
        return str(parts.hostname), int(parts.port or 0)

    @property
    def state_dir(self) -> Path:
        """What lasts."""
        return self.folder / "state"

    def environment(self) -> dict[str, str]:
        """The whole environment of the daemon and of notifyctl: nothing of the person who runs the tests."""
        folders = {"HOME": self.folder, "XDG_CONFIG_HOME": self.folder, "XDG_STATE_HOME": self.folder}
        base = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.runtime), "LANG": "C.UTF-8"}
        # a daemon that runs on this machine beside the tests must not be taken for ours while ours is down
        base["NOTIFYCTL_SOCKET"] = str(self.runtime / "notifyd" / "admin.sock")
        return base | {name: str(path) for name, path in folders.items()} | self.environ

    def command(self, *more: str) -> list[str]:
        """How it is started."""
        port, ws_port, grpc_port = self._ports
        ports = ["--port", port, "--ws-port", ws_port, "--grpc-port", grpc_port]
        kept = ["--state-dir", str(self.state_dir), "-S", "log.format=json"]
        settings = [part for setting in self.settings for part in ("-S", setting)]
        dev = ["--dev"] if self.dev else []
        return [sys.executable, "-m", "notifyctl", "serve", *dev, *ports, *kept, *settings, *more]

    def stay(self) -> None:
        """Keep the present ports for the next starts, for those who come back by themselves."""
        self._ports = (str(self.http[1]), str(self.ws[1]), self.grpc.rpartition(":")[2])

    async def start(self) -> None:
        """Start it and wait until it says that it is ready.

        Raises:
            DaemonFailed: it ended instead.
        """
        assert not self.running, "it runs already"
        self._ready, self._silent = trio.Event(), trio.Event()
        self._process = await trio.lowlevel.open_process(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self.environment(),
            cwd=self.folder,
            start_new_session=True,  # an interrupt at the terminal is for the tests, which then end it
        )
        self._nursery.start_soon(self._listen, self._process)
        with trio.fail_after(START_SECONDS * PATIENCE):
            await self._ready.wait()
        self._held.let_go()
        if not self._listeners:
            await self.ended()
            raise DaemonFailed("".join(self.stderr))

    async def _listen(self, process: trio.Process) -> None:
        """Keep what it says; its entry `ready` names the addresses. Silence means that it has ended."""
        assert process.stderr is not None
        self._listeners = {}
        rest_of_line = b""
        async with process.stderr:
            async for chunk in process.stderr:
                *lines, rest_of_line = (rest_of_line + chunk).split(b"\n")
                for line in lines:
                    self._hear(line.decode())
        if rest_of_line:
            self._hear(rest_of_line.decode(errors="replace"))
        self._silent.set()
        self._ready.set()

    def _hear(self, line: str) -> None:
        self.stderr.append(line + "\n")
        if '"event":"ready"' in line:
            urls = msgspec.json.decode(line)["listeners"]
            by_scheme = {url.partition(":")[0]: url for url in urls}
            self._listeners = {name: by_scheme.get(name, "") for name in ("http", "ws", "grpc")}
            self._ready.set()

    async def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Wait for its end; its exit status."""
        with trio.fail_after(STOP_SECONDS * PATIENCE):
            status = await self.process.wait()
            self._held.hold(int(port) for port in self._ports if port != "0")
            await self._silent.wait()
        return status

    async def terminate(self) -> int:
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def ctl(self, *arguments: str, stdin: bytes = b"") -> Finished:
        """Run notifyctl against it."""
        return await run([sys.executable, "-m", "notifyctl", *arguments], self, stdin=stdin)

    @asynccontextmanager
    async def rest(self, key: str = "") -> AsyncIterator[Rest]:
        """A REST connection."""
        async with rest(self.http, key) as client:
            yield client

    async def new_key(self, **fields: object) -> dict[str, Any]:
        """Make an API key, as `POST /api/keys` answers it."""
        async with self.rest() as client:
            reply = await client.call("POST", "/api/keys", {"clientName": "e2e", **fields})
        assert reply.status == 201, reply
        return dict(reply.json)

    async def key(self, **fields: object) -> str:
        """The text of a new API key."""
        return str((await self.new_key(**fields))["apiKey"])

    async def subscribed(self, count: int = 1) -> None:
        """Ask until there are so many subscriptions: not every program says when it has subscribed."""
        async with self.rest() as client:
            while (await client.call("GET", "/api/stats")).json["stats"]["subscriptions"] < count:
                await trio.lowlevel.checkpoint()

    def forgive(self, event: str) -> None:
        """The test has made the trouble that was told as this *event*, however often."""
        self.stderr = [line for line in self.stderr if f'"event":"{event}"' not in line]

    def entries(self, event: str) -> list[dict[str, Any]]:
        """What it logged under that name."""
        return [msgspec.json.decode(line) for line in self.stderr if f'"event":"{event}"' in line]

    def complaints(self) -> list[str]:
        """What should not be on standard error: tracebacks, and entries of level error."""
        return [line for line in self.stderr if not _is_calm(line)]

    def forget(self) -> None:
        """Remove what a folder of pytest does not hold."""
        self._held.let_go()
        shutil.rmtree(self.runtime, ignore_errors=True)


def _is_calm(line: str) -> bool:
    try:
        return msgspec.json.decode(line)["level"] in ("debug", "info", "warning")
    except (msgspec.DecodeError, KeyError, TypeError):
        return not line.strip()


async def run(command: list[str], daemon: Daemon, *, stdin: bytes = b"") -> Finished:
    """Run *command* in the daemon's environment until it ends."""
    with trio.fail_after(START_SECONDS * PATIENCE):
        done = await trio.run_process(
            command,
            stdin=stdin,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            env=daemon.environment(),
            cwd=daemon.folder,
        )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())
