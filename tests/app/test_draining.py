from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import wait_all_tasks_blocked

from notifyd.app.draining import Drainer
from notifyd.app.machine.sd_notify import ServiceManager
from notifyd.errors import Draining
from notifyd.model.command import Publish
from notifyd.model.disconnect import DRAINED
from notifyd.model.notification import Kind
from tests.service.node import OPERATOR, RecordingLink

if TYPE_CHECKING:
    from notifyd.app.parts.graph import Graph
    from notifyd.hub.connection import Connection


class Outside:
    """What listens, in the place of `Fronts`."""

    def __init__(self) -> None:
        self.stopped: list[tuple[str, float]] = []
        self.tunnel_seconds = 0.0

    async def tunnels_ended(self) -> None:
        await trio.sleep(self.tunnel_seconds)

    async def drain(self, seconds: float) -> None:
        await trio.lowlevel.checkpoint()
        self.stopped.append(("fronts", trio.current_time()))

    async def stop(self) -> None:
        await trio.lowlevel.checkpoint()
        self.stopped.append(("admin", trio.current_time()))


class TimedLink(RecordingLink):
    """Notes when it was ended."""

    ended_at = 0.0

    def end(self, disconnect: Any) -> None:
        super().end(disconnect)
        self.ended_at = trio.current_time()


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def drainer(graph: Graph, outside: Outside) -> Drainer:
    return Drainer(graph, outside, ServiceManager({}))  # type: ignore[arg-type]


def crowd(graph: Graph, count: int) -> list[Connection]:
    return [graph.connector.admit(TimedLink()) for _ in range(count)]


def moments(connections: list[Connection]) -> list[float]:
    return sorted(connection.link.ended_at for connection in connections)  # type: ignore[attr-defined]


async def test_the_word_refuses_what_is_new_at_once(graph: Graph, drainer: Drainer) -> None:
    connections = crowd(graph, 3)
    drain = drainer.begin(None)
    assert (drain.connections, drain.seconds, graph.daemon.state) == (3, 10.0, "draining")
    with pytest.raises(Draining):
        graph.connector.admit(RecordingLink())
    with pytest.raises(Draining):
        graph.publisher.submit(OPERATOR, Publish(Kind.CHANNEL, "news", b"1"))
    assert not any(connection.ended for connection in connections)


async def test_who_asks_later_learns_what_is_under_way(graph: Graph, drainer: Drainer) -> None:
    assert not drainer.begun
    drainer.begin(3.0)
    assert drainer.begun
    assert drainer.begin(99.0).seconds == drainer.begin(None).seconds == 3.0


async def test_a_setting_that_changes_counts_until_the_word_is_given(graph: Graph, drainer: Drainer) -> None:
    settings = graph.loaded.settings
    drainer.configure(replace(settings, server=replace(settings.server, drain_seconds=4.0)))
    assert drainer.begin(None).seconds == 4.0
    drainer.configure(settings)
    assert drainer.begin(None).seconds == 4.0


async def test_before_the_word_nothing_happens(drainer: Drainer, outside: Outside, nursery, autojump_clock) -> None:
    nursery.start_soon(drainer.run)
    await trio.sleep(1000)
    assert outside.stopped == []


async def test_everything_is_taken_down_in_order(
    graph: Graph, drainer: Drainer, outside: Outside, autojump_clock
) -> None:
    connections = crowd(graph, 3)
    drainer.begin(None)
    await drainer.run()
    assert [connection.link.endings for connection in connections] == [[DRAINED]] * 3  # type: ignore[attr-defined]
    assert [name for name, _ in outside.stopped] == ["fronts", "admin"]
    assert drainer.dispatching.cancel_called


async def test_many_connections_are_closed_spread_over_the_time(graph: Graph, drainer: Drainer, autojump_clock) -> None:
    connections, started = crowd(graph, 4000), trio.current_time()
    drainer.begin(8.0)
    await drainer.run()
    at = [moment - started for moment in moments(connections)]
    assert at[0] == 0
    assert 7.9 < at[-1] <= 8.0
    assert 3.9 < at[2000] < 4.1


async def test_few_connections_are_closed_quickly(graph: Graph, drainer: Drainer, autojump_clock) -> None:
    connections, started = crowd(graph, 10), trio.current_time()
    drainer.begin(3600.0)
    await drainer.run()
    assert moments(connections)[-1] - started < 0.1


@pytest.mark.parametrize(("lasting", "waited"), [(3.0, 3.0), (99.0, 10.0)])
async def test_what_other_workers_serve_has_their_time(
    drainer: Drainer, outside: Outside, lasting: float, waited: float, autojump_clock
) -> None:
    outside.tunnel_seconds, started = lasting, trio.current_time()
    drainer.begin(10.0)
    await drainer.run()
    assert outside.stopped[0] == ("fronts", pytest.approx(started + waited))


async def test_no_time_is_no_time(graph: Graph, drainer: Drainer, outside: Outside, autojump_clock) -> None:
    connections, started = crowd(graph, 500), trio.current_time()
    drainer.begin(0.0)
    await drainer.run()
    assert moments(connections)[-1] == outside.stopped[-1][1] == started


async def test_a_second_word_cuts_it_short(
    graph: Graph, drainer: Drainer, outside: Outside, nursery, autojump_clock
) -> None:
    connections, started = crowd(graph, 4000), trio.current_time()
    drainer.begin(100.0)
    nursery.start_soon(drainer.run)
    await trio.sleep(10)
    drainer.hurry()
    await wait_all_tasks_blocked()
    assert outside.stopped == [("admin", started + 10)]
    assert 0 < sum(connection.ended for connection in connections) < 4000
