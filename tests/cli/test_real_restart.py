"""Listeners and a daemon that goes and comes back."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.real import Listener, RealDaemon
from tests.cli.scripted import Ctl


@pytest.fixture
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder)


@pytest.fixture
def real(lonely: Ctl, daemon: RealDaemon, monkeypatch: pytest.MonkeyPatch) -> Ctl:
    monkeypatch.setenv("NOTIFYCTL_SOCKET", str(daemon.socket))
    return lonely


def listeners(daemon: RealDaemon, real: Ctl) -> tuple[Listener, Listener]:
    key = daemon.folder / "key"
    key.write_text(real("keys", "create", "--name", "listener", "-q").out)
    pair = Listener(daemon, "c"), Listener(daemon, "c", "--url", daemon.url, "--key-file", str(key))
    while len(real("connections", "list", "--channel", "c", "-q").lines) != 2:
        pass
    return pair


def send(real: Ctl, text: str) -> None:
    assert real("send", "--channel", "c", text).status == 0


def test_nothing_is_missed_over_a_kill(daemon: RealDaemon, real: Ctl):
    over_admin, over_websocket = listeners(daemon, real)
    with over_admin, over_websocket:
        send(real, "one")
        assert [listener.next()["offset"] for listener in (over_admin, over_websocket)] == [1, 1]
        daemon.kill()
        for listener in (over_admin, over_websocket):
            listener.said("Trying again")
        daemon.start()
        send(real, "two")
        send(real, "three")
        for listener in (over_admin, over_websocket):
            assert [listener.next()["offset"], listener.next()["offset"]] == [2, 3]


def test_a_drain_ends_the_daemon_and_asks_listeners_to_come_back(daemon: RealDaemon, real: Ctl):
    over_admin, over_websocket = listeners(daemon, real)
    with over_admin, over_websocket:
        assert real("drain", "--over", "100ms", "--yes").status == 0
        for listener in (over_admin, over_websocket):
            listener.said("Trying again")
        assert daemon.process.wait(20) == 0
        assert real("status").status == 6
        daemon.start()
        send(real, "after")
        for listener in (over_admin, over_websocket):
            assert listener.next()["data"] == {"body": "after"}
