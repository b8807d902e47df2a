"""The figures of several nodes as those of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.service.cluster.summing import summed
from notifyd.service.stats import ChannelCount, Stats, StatsSnapshot

if TYPE_CHECKING:
    from tests.service.node import Node


@pytest.fixture
async def own(node: Node) -> StatsSnapshot:
    return Stats(node.hub, node.broker, node.counters, unacked=lambda: 0, log_entries=lambda: 0).snapshot()


async def test_one_node_is_itself(own: StatsSnapshot):
    assert summed(own, []) is own


async def test_what_each_has_is_added_and_what_all_share_is_not(own: StatsSnapshot):
    busy = replace(
        own,
        connections=3,
        connections_by_transport={"websocket": 3},
        counters=dict.fromkeys(own.counters, 2),
        history_publications=7,
        top_channels=[ChannelCount("default", "news", 3)],
    )
    total = summed(replace(busy, connections=1), [busy, replace(busy, top_channels=[ChannelCount("default", "a", 9)])])
    assert (total.nodes, total.connections, total.connections_by_transport) == (3, 7, {"websocket": 9})
    assert set(total.counters.values()) == {6}
    assert total.history_publications == 7
    assert [(count.channel, count.subscriber_count) for count in total.top_channels] == [("a", 9), ("news", 6)]


async def test_channels_are_added_up_whichever_list_they_stand_in(own: StatsSnapshot):
    here = replace(own, top_channels=[ChannelCount("default", "news", 3, 1.5)], busiest_channels=[])
    there = replace(own, top_channels=[], busiest_channels=[ChannelCount("default", "news", 1, 2.0)])
    still = replace(own, top_channels=[ChannelCount("default", "still", 1)])
    total = summed(here, [there, still])
    assert total.busiest_channels == [ChannelCount("default", "news", 4, 3.5)]
    assert [count.channel for count in total.top_channels] == ["news", "still"]


async def test_a_bound_that_one_node_does_not_have_is_none(own: StatsSnapshot):
    bounded = replace(own, memory_limit_bytes=10, open_files_limit=5)
    total = summed(bounded, [replace(bounded, open_files_limit=0)])
    assert (total.memory_limit_bytes, total.open_files_limit) == (20, 0)
