"""The conformance server as a process: its flags, and what stands beside the drivers."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parents[3] / "conformance" / "server.py"
FLAGS = ["--ping-interval", "300", "--ping-timeout", "200", "--connect-timeout", "1000"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, SERVER, "--port", "0", *FLAGS], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return answer.status, read


@pytest.mark.parametrize("path", ["/engine.io/", "/socket.io/", "/engine.io", "/socket.io"])
def test_the_flags_are_in_the_handshake(port: int, path: str) -> None:
    status, body = ask(port, "GET", path + "?EIO=4&transport=polling")
    told = json.loads(body[1:])
    del told["sid"]
    assert (status, body[:1]) == (200, b"0")
    assert told == {"upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_a_payload_over_the_bound(port: int, size: int) -> None:
    _, body = ask(port, "GET", "/engine.io/?EIO=4&transport=polling")
    path = f"/engine.io/?EIO=4&transport=polling&sid={json.loads(body[1:])['sid']}"
    assert ask(port, "POST", path, b"4" * size)[0] == 400
    assert ask(port, "POST", path, b"4" * 1_000_000) == (200, b"ok")
    assert ask(port, "GET", path) == (200, b"4" * 1_000_000)


def test_every_other_path_still_echoes(port: int) -> None:
    assert ask(port, "POST", "/engine.io/else", b"x" * 3_000_000) == (200, b"x" * 3_000_000)
