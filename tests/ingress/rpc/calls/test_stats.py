"""Figures over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import listen, published
from tests.ingress.rpc.node import collect, refusal_of

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House

in_thread = trio.to_thread.run_sync


async def test_the_figures_of_a_moment(house: House) -> None:
    stream = listen(house, "news")
    await in_thread(next, stream)
    await published(house, "news", "1")
    await in_thread(next, stream)
    await published(house, "nobody's", "1")
    stats = await house.ask("GetStats", pb.GetStatsRequest())
    assert (stats.connections, stats.subscriptions, stats.channels) == (1, 1, 1)
    assert dict(stats.connections_by_transport) == {"admin": 1}
    assert (stats.deliveries, stats.connections_opened) == (1, 1)
    assert (stats.history_channels, stats.history_publications, stats.queue.max_size) == (2, 2, 10_000)
    assert stats.top_channels[0].channel == "news"
    assert stats.resident_bytes > 1_000_000
    assert stats.HasField("at")
    stream.cancel()


async def test_snapshots_follow_each_other(house: House) -> None:
    stream = house.stub.WatchStats(pb.WatchStatsRequest(interval_ms=100))
    first, second, third = await in_thread(collect, stream, 3)
    assert first.uptime_seconds < second.uptime_seconds < third.uptime_seconds
    stream.cancel()


@pytest.mark.parametrize("interval_ms", [0, 99, 3_600_001])
async def test_an_interval_out_of_range_is_refused(house: House, interval_ms: int) -> None:
    with pytest.raises(grpc.RpcError) as problem:
        await in_thread(next, house.stub.WatchStats(pb.WatchStatsRequest(interval_ms=interval_ms)))
    assert refusal_of(problem.value).status == "INVALID_ARGUMENT"
