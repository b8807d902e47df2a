from __future__ import annotations

from typing import TYPE_CHECKING

from trio.testing import wait_all_tasks_blocked

from notifyd.service.stats import TOP_CHANNELS, Stats
from tests.service.node import Node, RecordingLink

if TYPE_CHECKING:
    import trio


def stats_of(node: Node) -> Stats:
    rates = node.dispatcher.rates
    return Stats(node.hub, node.broker, node.counters, unacked=lambda: 3, log_entries=lambda: 7, rates=rates)


async def test_the_figures_of_the_moment(node: Node) -> None:
    connection = node.connect()
    node.connect().link.transport = "sse"
    node.hub.subscribe(connection, "news", offset=0)
    assert isinstance(connection.link, RecordingLink)
    connection.link.waiting = 5
    await node.published(count=2)
    await node.publish(delay_ms=60_000)
    snapshot = stats_of(node).snapshot()
    assert (snapshot.connections, snapshot.connections_by_transport) == (2, {"websocket": 1, "sse": 1})
    assert (snapshot.channels, snapshot.subscriptions, snapshot.outbox_bytes) == (1, 1, 5)
    assert (snapshot.queue.waiting, snapshot.history_channels, snapshot.history_publications) == (1, 1, 2)
    assert snapshot.counters["accepted"] == 3
    assert min(snapshot.resident_bytes, snapshot.cpu_seconds, snapshot.open_files, snapshot.at) > 0


async def test_what_the_machine_allows_is_told(node: Node) -> None:
    snapshot = stats_of(node).snapshot()
    assert snapshot.memory_limit_bytes > snapshot.resident_bytes
    assert snapshot.open_files_limit > snapshot.open_files
    assert snapshot.processors > 0


async def test_channels_in_which_something_happens_are_named(node: Node, nursery: trio.Nursery) -> None:
    nursery.start_soon(node.dispatcher.run)
    node.hub.subscribe(node.connect(), "news", offset=0)
    for channel in ("news", "news", "quiet"):
        await node.publish(channel)
    await wait_all_tasks_blocked()
    busiest = stats_of(node).snapshot().busiest_channels
    assert [(entry.channel, entry.subscriber_count) for entry in busiest] == [("news", 1), ("quiet", 0)]
    assert busiest[0].publications_per_second > busiest[1].publications_per_second > 0


async def test_the_channels_with_the_most_subscribers_are_named(node: Node) -> None:
    for size in range(TOP_CHANNELS + 2):
        for _ in range(size + 1):
            node.hub.subscribe(node.connect(), f"c{size}", offset=0)
    top = stats_of(node).snapshot().top_channels
    assert [entry.channel for entry in top] == [f"c{size}" for size in range(11, 1, -1)]
    assert (top[0].client_id, top[0].subscriber_count) == ("default", 12)


async def test_the_uptime_rises(node: Node) -> None:
    stats = stats_of(node)
    assert 0 <= stats.uptime_seconds <= stats.uptime_seconds
