"""Listeners and a daemon that goes and comes back."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
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


def listeners(daemon: RealDaemon, real: Ctl, *options: str) -> tuple[Listener, Listener]:
    key = daemon.folder / "key"
    key.write_text(real("keys", "create", "--name", "listener", "-q").out)
    ways: list[tuple[str, ...]] = [(), ("--url", daemon.url, "--key-file", str(key))]
    pair = Listener(daemon, "c", *ways[0], *options), Listener(daemon, "c", *ways[1], *options)
    while len(real("connections", "list", "--channel", "c", "-q").lines) != 2:
        pass
    return pair


def send(real: Ctl, text: str) -> None:
    assert real("send", "--channel", "c", text).status == 0


@pytest.mark.slow  # tests/crash is the quick round of a kill, test_listen.py and test_acking.py of a reconnection
@pytest.mark.parametrize("options", [[], ["--ack"]], ids=["as it comes", "acks"])
def test_nothing_is_missed_over_a_kill(daemon: RealDaemon, real: Ctl, options: list[str]):
    over_admin, over_websocket = listeners(daemon, real, *options)
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


@pytest.mark.slow
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


def until(truth: Callable[[], bool]) -> None:
    while not truth():
        pass


@pytest.mark.slow
def test_a_durable_listener_misses_nothing_over_kills_of_the_daemon_and_of_itself(daemon: RealDaemon, real: Ctl):
    def waits(pending: int, connections: int) -> bool:
        (worker,) = real("subscriptions", "list", "-o", "json").json
        return (worker["pending"], worker["unacked"], worker["connections"]) == (pending, 0, connections)

    with Listener(daemon, "c", "--durable", "worker") as listener:
        until(lambda: len(real("connections", "list", "--channel", "c", "-q").lines) == 1)
        assert real("send", "--channel", "c", "one", "--wait-ack", "-q").status == 0
        assert listener.next()["offset"] == 1
        daemon.kill()
        listener.said("Trying again")
        daemon.start()
        assert real("send", "--channel", "c", "two", "--wait-ack", "-q").status == 0
        assert listener.next()["offset"] == 2
        listener.process.kill()
    until(lambda: waits(0, 0))
    send(real, "three")
    send(real, "four")
    until(lambda: waits(2, 0))
    assert [record["offset"] for record in real("listen", "c", "--durable", "worker", "-n", "2").objects] == [3, 4]
    until(lambda: waits(0, 0))
    assert real("listen", "c", "--durable", "worker", "-n", "1", "--timeout", "300ms").status == 7
