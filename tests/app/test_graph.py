from __future__ import annotations

from typing import TYPE_CHECKING

from trio.testing import wait_all_tasks_blocked

from notifyd.app.graph import ENCODERS, Graph
from notifyd.model.command import Publish
from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition
from tests.service.node import OPERATOR, RecordingLink, writes

if TYPE_CHECKING:
    from pathlib import Path

    import trio


async def test_what_goes_in_at_the_top_comes_out_in_every_shape(graph: Graph, nursery: trio.Nursery) -> None:
    nursery.start_soon(graph.dispatcher.run)
    connections = [
        graph.connector.admit(RecordingLink(encoding=encoding)) for encoding in ENCODERS if encoding != "rpc"
    ]
    for connection in connections:
        graph.connector.enter(connection, OPERATOR)
        graph.subscriber.go_live(connection, "news", StreamPosition("", 0))
    await graph.publisher.submit(OPERATOR, Publish(Kind.CHANNEL, "news", b'{"a":1}')).result()
    await wait_all_tasks_blocked()
    native, sse = ((connection.link.writes, connection) for connection in connections)  # type: ignore[attr-defined]
    assert native[0][0].endswith(b"}}")
    assert writes(sse[1])[0].startswith("id: ")


async def test_the_daemon_says_what_it_is(graph: Graph, tmp_path: Path) -> None:
    about = graph.daemon.about
    assert (about.durability, about.broker_engine, about.state_dir) == ("memory", "memory", tmp_path)
    assert (about.config_file, about.development) == (tmp_path / "notifyd.toml", False)


async def test_settings_reach_the_services(graph: Graph) -> None:
    settings = graph.loaded.settings
    assert graph.connector.max_connections_per_key == settings.keys.max_connections_per_key
    assert graph.publisher.idempotency_ms == settings.delivery.idempotency_seconds * 1000
    assert graph.limiter.enabled
