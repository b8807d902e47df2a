"""The daemon itself, as a process of its own, and listeners beside it."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.admin_pb2_grpc import AdminServiceStub
from tests.e2e.patience import PATIENCE
from tests.e2e.ports import HeldPorts

LONGEST_SECONDS = 20 * PATIENCE

_ASK_SECONDS = 2

#: A socket that is not there yet is tried again soon.
_AT_ONCE = [(f"grpc.{which}_reconnect_backoff_ms", 20) for which in ("initial", "max")]


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the surroundings but what Python needs."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "VIRTUAL_ENV")}
    return kept | {"HOME": str(folder), "NOTIFYCTL_SOCKET": str(folder / "a.sock")}


class RealDaemon:
    """`notifyctl serve` with its state in *folder*; its ports stay the same when it is started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "a.sock"
        self._ports = ["0", "0"]
        self._held = HeldPorts()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it and wait until it is ready."""
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "notifyctl", "serve", "--port", self._ports[0], "--ws-port", self._ports[1],
                "--grpc-port", "0",
                "--state-dir", str(self.folder / "state"), "--socket", str(self.socket), *options,
            ],
            env=environment(self.folder), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        urls = {listener.name: listener.url for listener in self._when_ready().listeners}
        self._held.let_go()
        self._ports = [urls[name].rpartition(":")[2] for name in ("http", "ws")]

    def _when_ready(self) -> pb.Status:
        """Its status when it is ready: what `wait ready` prints, without a process that imports all of notifyctl."""
        until = time.monotonic() + LONGEST_SECONDS
        while (status := self._status()) is None or status.state != "ready":
            assert self.process is not None
            assert self.process.poll() is None, f"it ended with {self.process.returncode}"
            assert time.monotonic() < until, status
        return status

    def _status(self) -> pb.Status | None:
        """What it says of itself, None as long as it does not answer."""
        with grpc.insecure_channel(f"unix:{self.socket}", options=_AT_ONCE) as channel:
            try:
                answer: pb.Status = AdminServiceStub(channel).GetStatus(
                    pb.GetStatusRequest(), timeout=_ASK_SECONDS, wait_for_ready=True
                )
            except grpc.RpcError:
                return None
            return answer

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._ports[1]}"

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(LONGEST_SECONDS)
        self._held.hold(map(int, self._ports))

    def stop(self) -> int:
        """End it politely; its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
        self._held.let_go()
        return self.process.wait(LONGEST_SECONDS)

    def ctl(self, *args: str, status: int = 0) -> str:
        """Run a command in a process of its own and return its stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "notifyctl", *args],
            env=environment(self.folder), capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == status, (args, done.returncode, done.stderr)
        return done.stdout


class Listener:
    """`notifyctl listen` in a process of its own."""

    def __init__(self, daemon: RealDaemon, *args: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "notifyctl", "listen", *args],
            env=environment(daemon.folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def next(self) -> Any:
        """The next publication."""
        return json.loads(_line(self.process.stdout))

    def said(self, words: str) -> None:
        """Wait until it says *words* on stderr."""
        while words not in _line(self.process.stderr):
            pass

    def status(self) -> int:
        """Its exit status, when it has ended by itself."""
        return self.process.wait(LONGEST_SECONDS)


def _line(stream: Any) -> str:
    if not stream.peek(1):
        raise AssertionError("it ended")
    ready, _, _ = select.select([stream], [], [], LONGEST_SECONDS) if b"\n" not in stream.peek() else ([1], [], [])
    assert ready, "nothing came"
    return str(stream.readline().decode())
