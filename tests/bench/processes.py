"""The servers that are measured, each a process of its own, and the programs that load them."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
BIN = Path(sys.executable).parent
NODE_MODULES = ROOT / "tests" / "interop" / "node_modules"
_PORTS = range(5200, 6000)
_START_SECONDS = 20.0

#: Of the client that Socket.IO is measured with.
SECRET = secrets.token_urlsafe(32)


class Server(NamedTuple):
    """A server that answers."""

    pid: int
    port: int
    key: str
    #: notifyd's admin socket; nothing for the others.
    socket: Path | None = None
    #: From the start of the process until it answered.
    ready_seconds: float = 0.0
    #: The registered client, for Socket.IO.
    client_id: str = ""


def raise_limits() -> None:
    """Allow as many open files as the system lets us; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def build(name: str) -> Path:
    """Compile *name*.c, unless that was done since its last change."""
    source, program = HERE / f"{name}.c", BUILD / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-o", program, source], check=True, timeout=60)
    return program


def node_is_there(package: str = "ws") -> bool:
    """Whether the Node server on *package* can be started."""
    return shutil.which("node") is not None and node_modules(package) is not None


def node_modules(package: str = "ws") -> Path | None:
    """Where npm has put *package*; None: nowhere."""
    places = [NODE_MODULES, *map(Path, filter(None, os.environ.get("NODE_PATH", "").split(":")))]
    return next((place for place in places if (place / package).is_dir()), None)


@contextlib.contextmanager
def notifyd(*options: str, durability: str = "os") -> Iterator[Server]:
    """The daemon with a fresh state folder on the repository's disk, and a key."""
    port = free_port()
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as state, tempfile.TemporaryDirectory(prefix="nb-") as runtime:
        admin = Path(runtime) / "admin.sock"
        settings = {
            "server.admin_socket": str(admin),
            "server.ws_port_enabled": "false",
            "grpc.enabled": "false",
            "limits.enabled": "false",
            "keys.max_connections_per_key": "20000",
            "broker.durability": durability,
            "log.level": "warning",
        }
        pairs = [part for name, value in settings.items() for part in ("-S", f"{name}={value}")]
        command = [BIN / "notifyd", "--port", str(port), "--state-dir", state, *pairs, *options]
        with _running(command, port, {}) as (pid, seconds):
            key = notifyctl(admin, "keys", "create", "--name", "bench", "-q").strip()
            yield Server(pid, port, key, admin, seconds)


@contextlib.contextmanager
def notifyd_socketio() -> Iterator[Server]:
    """The daemon with a registered client, whose secret is `SECRET`."""
    with notifyd("-S", "clients.max_connections_per_user=20000") as server, tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_text(SECRET, encoding="ascii")
        register = ("clients", "register", "--name", "bench", "--secret-file", str(secret), "-q")
        client_id = notifyctl(server.socket, *register).strip()
        key = notifyctl(server.socket, "keys", "create", "--name", "bench", "--client", client_id, "-q").strip()
        yield server._replace(key=key, client_id=client_id)


@contextlib.contextmanager
def node_socketio() -> Iterator[Server]:
    """The plain server on npm `socket.io`."""
    port = free_port()
    environment = {"KEY": "bench", "SECRET": SECRET, "NODE_PATH": str(node_modules("socket.io"))}
    with _running(["node", str(HERE / "socketio_server.js"), str(port)], port, environment) as (pid, seconds):
        yield Server(pid, port, "bench", ready_seconds=seconds, client_id="bench")


@contextlib.contextmanager
def tokens(client_id: str, count: int) -> Iterator[Path]:
    """A file with a token for each of *count* users, a line each."""
    claims = {"clientId": client_id, "exp": int(time.time()) + 3600}
    lines = [jwt.encode(claims | {"userId": f"user-{n}"}, SECRET, algorithm="HS256") for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens"
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        yield path


@contextlib.contextmanager
def node() -> Iterator[Server]:
    """The plain server on npm `ws`."""
    port = free_port()
    command = ["node", str(HERE / "ws_server.js"), str(port)]
    with _running(command, port, {"KEY": "bench", "NODE_PATH": str(node_modules())}) as (pid, seconds):
        yield Server(pid, port, "bench", ready_seconds=seconds)


@contextlib.contextmanager
def least() -> Iterator[Server]:
    """The C program that does nothing but write."""
    port = free_port()
    with _running([build("least"), str(port)], port, {}) as (pid, seconds):
        yield Server(pid, port, "none", ready_seconds=seconds)


@contextlib.contextmanager
def _running(command: Sequence[str | Path], port: int, environment: dict[str, str]) -> Iterator[tuple[int, float]]:
    started = time.monotonic()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFY")}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=inherited | environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.monotonic() - started > _START_SECONDS:
                    said.seek(0)
                    raise RuntimeError(f"{command[0]} did not start: {said.read().decode(errors='replace')}")
                time.sleep(0.002)
            yield process.pid, time.monotonic() - started
        finally:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port(skip: int = 0) -> int:
    """A port that nobody uses, below those that the system gives to clients; *skip* leaves so many for others."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            if not skip:
                return port
            skip -= 1
    raise RuntimeError(f"no port from {_PORTS.start} to {_PORTS.stop} is free")


def notifyctl(admin: Path | None, *arguments: str) -> str:
    """What notifyctl prints."""
    socket_option = ["--socket", str(admin)] if admin else []
    command = [BIN / "notifyctl", *socket_option, *arguments]
    return subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout


def load(server: Server, **options: int | str | Path) -> dict[str, Any]:
    """Run the load client against *server*."""
    pairs = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [build("load"), "--port", str(server.port), "--pid", str(server.pid), "--key", server.key, *pairs]
    result = subprocess.run(command, check=True, timeout=300, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout)


@contextlib.contextmanager
def notifyd_grpc() -> Iterator[tuple[Server, int]]:
    """The daemon and its gRPC port."""
    port = free_port(skip=1)
    with notifyd(
        "-S", "grpc.enabled=true", "--grpc-port", str(port), "-S", "delivery.max_queue_size=1000000"
    ) as server:
        yield server, port


def publish_by_grpc(server: Server, port: int, mode: str, count: int) -> None:
    """Publish *count* notifications with one call each (`unary`) or on one `stream`."""
    command = [sys.executable, "-m", "tests.bench.grpc_publish", str(port), server.key, mode, str(count)]
    subprocess.run(command, check=True, timeout=180, stdout=subprocess.PIPE, cwd=ROOT)


def wrk(server: Server, *, connections: int, seconds: int) -> dict[str, Any]:
    """Publish with wrk as fast as the server answers."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "publish.lua"]
    url = f"http://127.0.0.1:{server.port}/api/notifications"
    environment = os.environ | {"KEY": server.key}
    result = subprocess.run(
        [*command, url], check=True, timeout=seconds + 60, stdout=subprocess.PIPE, text=True, env=environment
    )
    return json.loads(result.stdout.splitlines()[-1])


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
