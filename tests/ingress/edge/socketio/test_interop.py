"""Stock clients against the conformance server: npm's socket.io-client and engine.io-client, and python-socketio's."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import socketio  # type: ignore[import-untyped]
import trio

from tests.interop.programs import MODULES, npm_package, program, tool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SERVER = Path(__file__).parents[3] / "conformance" / "server.py"
SCRIPT = Path(__file__).parent / "client.js"
TRANSPORTS = ["polling,websocket", "websocket", "polling"]
#: Heartbeats of a third of a second, so that several happen in a test.
TIMES = ["--ping-interval", "300", "--ping-timeout", "2000"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [sys.executable, str(SERVER), "--port", "0", *TIMES]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def lines_of(what: str, url: str, transports: str, folder: Path) -> list[Any]:
    npm_package("socket.io-client")
    environ = {"NODE_PATH": str(MODULES)}
    command = [tool("node"), str(SCRIPT), what, url, transports]
    with trio.fail_after(30):
        async with program(*command, folder=folder, environ=environ) as client:
            await client.until('"still"')
            assert await client.ended() == 0
    return [json.loads(line) for line in client.printed.splitlines()]


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_socket_io_client(url: str, transports: str, tmp_path: Path) -> None:
    lines = await lines_of("sockets", url, transports, tmp_path)
    upgrades = [["upgraded", "websocket"]] if "," in transports else []
    assert [line for line in lines if line[0] in ("upgraded", "refused")] in (
        [*upgrades, ["refused", "Invalid namespace"]],
        [["refused", "Invalid namespace"], *upgrades],
    )
    assert [line for line in lines if line[0] not in ("upgraded", "refused")] == [
        ["auth", {"token": "t"}],
        ["back", 1, "ü", {"a": [True, None]}, "bytes:0,1,255"],
        ["acked", "bytes:7", 100_000],
        ["answered", "a:q", "bytes:8"],
        ["custom", "custom"],
        ["still", True, "polling" if transports == "polling" else "websocket"],
    ]


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_engine_io_client(url: str, transports: str, tmp_path: Path) -> None:
    lines = await lines_of("engine", url, transports, tmp_path)
    final = "polling" if transports == "polling" else "websocket"
    upgrades = [["upgraded", "websocket"]] if "," in transports else []
    assert [line for line in lines if line[0] == "upgraded"] == upgrades
    assert [line for line in lines if line[0] != "upgraded"] == [
        ["open", transports.split(",")[0]],
        ["echoed", True],
        ["still", "open", final],
    ]


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_python_socketio_client(url: str, transports: str) -> None:
    with trio.fail_after(30):
        await trio.to_thread.run_sync(talk_with_python_socketio, url, transports.split(","))


def talk_with_python_socketio(url: str, transports: list[str]) -> None:
    client = socketio.Client(reconnection=False)
    seen: queue.Queue[Any] = queue.Queue()
    for namespace in ("/", "/custom"):
        client.on("auth", lambda auth: seen.put(("auth", auth)), namespace=namespace)
        client.on("message-back", lambda *arguments: seen.put(("back", arguments)), namespace=namespace)
    client.on("asked", lambda question: (question, b"\7"))
    client.on("answered", lambda *arguments: seen.put(("answered", arguments)))
    client.connect(url, transports=transports, namespaces=["/", "/custom"], auth={"token": "t"}, wait_timeout=10)
    try:
        assert [seen.get(timeout=10) for _ in range(2)] == [("auth", {"token": "t"})] * 2
        client.emit("message", (1, {"a": b"\0\xff"}))
        assert seen.get(timeout=10) == ("back", (1, {"a": b"\0\xff"}))
        client.emit("message", "x", namespace="/custom")
        assert seen.get(timeout=10) == ("back", ("x",))
        assert client.call("message-with-ack", ("y", b"\1"), timeout=10) == ("y", b"\1")
        client.emit("ask-me", "q")
        assert seen.get(timeout=10) == ("answered", ("q", b"\7"))
        client.sleep(1)  # several heartbeats
        assert client.call("message-with-ack", "z", timeout=10) == "z"
        assert client.transport() == ("polling" if transports == ["polling"] else "websocket")
    finally:
        client.disconnect()
