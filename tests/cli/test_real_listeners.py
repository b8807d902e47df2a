"""Listeners of every kind over deaths of the daemon: producers count to N, and each sees every number exactly once."""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.real import LONGEST_SECONDS, RealDaemon, environment

pytestmark = [pytest.mark.slow, pytest.mark.long]

_COUNT = 120
_KILLS = 3


@pytest.fixture
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start("--dev", "-S", "limits.enabled=false", "-S", "subscriptions.ack_seconds=5")
    yield running
    running.stop()
    shutil.rmtree(folder)


class Running:
    """`notifyctl listen` that ends by itself after so many."""

    def __init__(self, daemon: RealDaemon, name: str, *args: str) -> None:
        self.out, self.err = daemon.folder / f"{name}.out", daemon.folder / f"{name}.err"
        command = [sys.executable, "-m", "notifyctl", "listen", "-n", str(_COUNT), "--timeout", "2m", *args]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, env=environment(daemon.folder), cwd=daemon.folder
            )

    def numbers(self) -> list[int]:
        """What it printed, when it has ended well."""
        status = self.process.wait(120)
        told = self.err.read_text()
        assert status == 0, told
        assert "Trying again" in told
        assert "Traceback" not in told
        return [json.loads(line)["data"]["n"] for line in self.out.read_text().splitlines()]


class Producer:
    """Publishes 1..N to a channel and to a user, each until it is accepted, over whatever happens to the daemon."""

    def __init__(self, url: str, key: str, client_id: str) -> None:
        self._url = url
        self._key = key
        self._client_id = client_id
        self.at = 0

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=LONGEST_SECONDS) as http:
            for number in range(1, _COUNT + 1):
                self._accepted(
                    http, "/api/notifications", {"channel": "c", "data": {"n": number}},
                    {"X-API-Key": self._key, "Idempotency-Key": f"c{number}"},
                )  # fmt: skip
                told = {"clientId": self._client_id, "users": ["alice"], "payload": {"n": number}}
                self._accepted(http, "/api/v1/notifications", told, {"Idempotency-Key": f"u{number}"})
                self.at = number

    def _accepted(self, http: httpx.Client, path: str, body: Any, headers: dict[str, str]) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                answer = http.post(path, json=body, headers=headers)
            except httpx.HTTPError:
                assert time.monotonic() < until, "the daemon does not come back"
                continue
            if answer.status_code == 202:
                return
            assert answer.status_code == 503, answer.text


def test_every_listener_sees_each_number_exactly_once(daemon: RealDaemon) -> None:
    folder = daemon.folder
    (folder / "key").write_text(daemon.ctl("keys", "create", "--name", "producer", "-q"))
    client_id = daemon.ctl(
        "clients", "register", "--name", "demo", "--secret-out", str(folder / "secret"), "-q"
    ).strip()
    (folder / "token").write_text(daemon.ctl("tokens", "mint", "--client", client_id, "--user", "alice", "-q"))
    ws = ("--url", daemon.url, "--key-file", str(folder / "key"))
    http_url = daemon.http_url
    sio = ("--url", f"{http_url}/client-{client_id}", "--token-file", str(folder / "token"))
    listeners = {
        "admin": Running(daemon, "admin", "c"),
        "admin, exec": Running(daemon, "exec", "c", "--durable", "a", "--exec", "cat"),
        "WebSocket": Running(daemon, "ws", "c", *ws),
        "WebSocket, acks": Running(daemon, "acks", "c", *ws, "--ack", "--exec", "cat"),
        "WebSocket, durable": Running(daemon, "durable", "c", *ws, "--durable", "w", "--exec", "cat"),
        "WebSocket, the inbox": Running(daemon, "inbox", "--url", daemon.url, "--token-file", str(folder / "token")),
        "Socket.IO": Running(daemon, "sio", *sio),
    }
    try:
        _until(lambda: len(json.loads(daemon.ctl("connections", "list", "-o", "json"))) == len(listeners))
        producer = Producer(http_url, (folder / "key").read_text().strip(), client_id)
        thread = threading.Thread(target=producer.run, daemon=True)
        thread.start()
        for kill in range(1, _KILLS + 1):
            _until(lambda kill=kill: producer.at >= kill * _COUNT // (_KILLS + 1))
            daemon.kill()
            daemon.start("--dev", "-S", "limits.enabled=false", "-S", "subscriptions.ack_seconds=5")
        thread.join(120)
        expected = list(range(1, _COUNT + 1))
        assert {name: listener.numbers() for name, listener in listeners.items()} == dict.fromkeys(listeners, expected)
    finally:
        for listener in listeners.values():
            if listener.process.poll() is None:
                listener.process.kill()
                listener.process.wait()


def _until(truth: Any) -> None:
    until = time.monotonic() + 60
    while not truth():
        assert time.monotonic() < until
