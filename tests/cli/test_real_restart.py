"""Listeners and a daemon that goes and comes back."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.real import Listener, RealDaemon


@pytest.fixture
def daemon() -> Iterator[RealDaemon]:
    folder = Path(tempfile.mkdtemp(prefix="ctl-"))
    running = RealDaemon(folder)
    running.start()
    yield running
    running.stop()
    shutil.rmtree(folder)


def listeners(daemon: RealDaemon) -> tuple[Listener, Listener]:
    key = daemon.folder / "key"
    key.write_text(daemon.ctl("keys", "create", "--name", "listener", "-q"))
    pair = Listener(daemon, "c"), Listener(daemon, "c", "--url", daemon.url, "--key-file", str(key))
    while len(daemon.ctl("connections", "list", "--channel", "c", "-q").splitlines()) != 2:
        pass
    return pair


def test_nothing_is_missed_over_a_kill(daemon: RealDaemon):
    over_admin, over_websocket = listeners(daemon)
    with over_admin, over_websocket:
        daemon.ctl("send", "--channel", "c", "one")
        assert [listener.next()["offset"] for listener in (over_admin, over_websocket)] == [1, 1]
        daemon.kill()
        for listener in (over_admin, over_websocket):
            listener.said("Trying again")
        daemon.start()
        daemon.ctl("send", "--channel", "c", "two")
        daemon.ctl("send", "--channel", "c", "three")
        for listener in (over_admin, over_websocket):
            assert [listener.next()["offset"], listener.next()["offset"]] == [2, 3]


def test_a_drain_ends_the_daemon_and_asks_listeners_to_come_back(daemon: RealDaemon):
    over_admin, over_websocket = listeners(daemon)
    with over_admin, over_websocket:
        daemon.ctl("drain", "--over", "100ms", "--yes")
        for listener in (over_admin, over_websocket):
            listener.said("Trying again")
        assert daemon.process.wait(20) == 0
        daemon.ctl("status", status=6)
        daemon.start()
        daemon.ctl("send", "--channel", "c", "after")
        for listener in (over_admin, over_websocket):
            assert listener.next()["data"] == {"body": "after"}
