"""The conformance server as outside clients see it."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import websocket
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = Path(__file__).parents[2] / "conformance" / "server.py"
SIZES = (0, 1, 125, 126, 65535, 65536, 1_000_000)
LARGEST = 16 * 1024 * 1024


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with subprocess.Popen([sys.executable, SERVER, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_websockets(port: int, compression: str | None) -> None:
    with connect(f"ws://127.0.0.1:{port}/any/path?q", compression=compression, max_size=None, open_timeout=5) as ws:
        for size in SIZES:
            for message in ("ü" * size, bytes(size)):
                ws.send(message)
                assert ws.recv(timeout=5) == message
        ws.send(["frag", "men", "ted"])
        assert ws.recv(timeout=5) == "fragmented"
        assert ws.ping().wait(5)
        ws.close(1000, "done")
        with pytest.raises(ConnectionClosedOK):
            ws.recv(timeout=5)


def test_websockets_with_the_largest_message(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None) as ws:
        ws.send(bytes(LARGEST))
        assert ws.recv(timeout=5) == bytes(LARGEST)
        ws.send(bytes(LARGEST + 1))
        with pytest.raises(Exception, match="1009"):
            ws.recv(timeout=5)


def test_websocket_client(port: int) -> None:
    ws = websocket.create_connection(f"ws://127.0.0.1:{port}/x", timeout=5)
    for size in SIZES:
        ws.send("a" * size)
        assert ws.recv() == "a" * size
        ws.send_binary(bytes(size))
        assert ws.recv() == bytes(size)
    ws.ping("payload")
    ws.close(status=4000)


CURL = shutil.which("curl")


def curl(port: int, *arguments: str, body: bytes = b"") -> bytes:
    assert CURL is not None
    command = [CURL, "--silent", "--show-error", "--max-time", "5", *arguments, f"http://127.0.0.1:{port}/p?q"]
    return subprocess.run(command, input=body, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.skipif(CURL is None, reason="no curl here")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROBNICATE"])
def test_curl_with_any_method(port: int, method: str) -> None:
    assert curl(port, "-X", method, "-w", "%{http_code}", "-d", "echo").endswith(b"echo200")


@pytest.mark.skipif(CURL is None, reason="no curl here")
@pytest.mark.parametrize("coding", ["", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("size", [0, 100, 3_000_000])
def test_curl_with_any_body(port: int, size: int, coding: str) -> None:
    body = bytes(index % 256 for index in range(size))
    assert curl(port, "-H", coding, "--data-binary", "@-", body=body) == body


@pytest.mark.skipif(CURL is None, reason="no curl here")
def test_curl_with_head_and_http_1_0(port: int) -> None:
    assert curl(port, "--head").startswith(b"HTTP/1.1 200 OK\r\n")
    assert curl(port, "--http1.0", "-d", "old") == b"old"


def test_it_says_nothing_but_its_port(port: int) -> None:
    for _ in range(1000):  # more lines than a pipe that nobody reads would hold
        with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            peer.sendall(b"nonsense\r\n\r\n")
            assert peer.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_peer_that_sends_the_largest_body_before_it_reads(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = bytes(range(256)) * (LARGEST // 256)
    connection.request("POST", "/", body)
    assert connection.getresponse().read() == body
    connection.request("POST", "/", body + b"!")
    assert connection.getresponse().status == 413
    connection.close()
