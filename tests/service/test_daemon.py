from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from notifyd.errors import Unavailable
from notifyd.service.daemon import About, ConfigEntry, Daemon, Drain, Reloaded

if TYPE_CHECKING:
    from tests.service.node import Node

ABOUT = About("1.0", "memory", "memory", "sqlite", Path("/state"), None, development=False)


class FailingBroker:
    """A broker that says since when its commits fail."""

    failing: float | None = None

    def failing_since(self) -> float | None:
        return self.failing


class FailingRecords:
    """Records that may be away."""

    failing: float | None = None

    def failing_since(self) -> float | None:
        return self.failing


@pytest.fixture
def daemon(node: Node) -> Daemon:
    return Daemon(ABOUT, node.broker)


async def test_it_starts_is_ready_and_drains(daemon: Daemon) -> None:
    states = [daemon.state]
    daemon.ready = True
    states.append(daemon.state)
    daemon.draining = True
    assert [*states, daemon.state] == ["starting", "ready", "draining"]
    assert daemon.pid == os.getpid()


async def test_it_is_degraded_while_an_engine_is_away() -> None:
    broker = FailingBroker()
    daemon = Daemon(ABOUT, broker)  # type: ignore[arg-type]
    daemon.ready = True
    broker.failing = 7.0
    assert (daemon.state, daemon.accepting) == ("degraded", False)
    assert [(engine.name, engine.engine, engine.healthy) for engine in daemon.engines()] == [
        ("broker", "memory", False),
        ("records", "sqlite", True),
    ]
    assert "503" in daemon.engines()[0].detail
    broker.failing = None
    assert (daemon.state, daemon.engines()[0].detail) == ("ready", "")


async def test_it_is_degraded_and_takes_notifications_while_the_records_are_away(node: Node) -> None:
    records = FailingRecords()
    daemon = Daemon(ABOUT, node.broker, records)  # type: ignore[arg-type]
    assert not daemon.accepting
    daemon.ready = True
    assert (daemon.state, daemon.accepting) == ("ready", True)
    records.failing = 7.0
    assert (daemon.state, daemon.accepting) == ("degraded", True)
    assert [engine.healthy for engine in daemon.engines()] == [True, False]
    assert "keys" in daemon.engines()[1].detail
    daemon.draining = True
    assert not daemon.accepting


async def test_before_it_is_up_it_cannot_be_asked_for_anything(daemon: Daemon) -> None:
    for ask in (daemon.drain, daemon.reload, daemon.show_config):
        with pytest.raises(Unavailable, match="the daemon is starting") as problem:
            ask()
        assert problem.value.retry_after_seconds == 1


async def test_what_it_is_asked_for_is_handed_on(daemon: Daemon) -> None:
    daemon.on_drain = lambda seconds: Drain(3, seconds or 10.0)
    daemon.on_reload = lambda: Reloaded(["a"], ["b"])
    daemon.on_show = lambda: [ConfigEntry("a", "1", "default", reloadable=True)]
    assert (daemon.drain(), daemon.drain(2.0)) == (Drain(3, 10.0), Drain(3, 2.0))
    assert daemon.reload() == Reloaded(["a"], ["b"])
    assert daemon.show_config()[0].key == "a"


@pytest.mark.parametrize(("engine", "detail"), [("none", "not configured"), ("fcm", "")])
async def test_whether_anything_is_pushed_is_shown_and_is_no_fault(node: Node, engine: str, detail: str) -> None:
    daemon = Daemon(msgspec.structs.replace(ABOUT, push_engine=engine), node.broker)
    daemon.ready = True
    push = daemon.engines()[-1]
    assert (push.name, push.engine, push.healthy, daemon.state) == ("push", engine, True, "ready")
    assert push.detail.startswith(detail)
