"""Which notification is in which shard, and which node sees to it."""

from __future__ import annotations

import itertools

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, ClientId
from notifyd.store.redis.shards import shard_of, share_of


def test_a_stream_is_always_in_the_same_shard() -> None:
    # in every version, on every node: what waits is found again
    known = [shard_of(DEFAULT_CLIENT, channel, 8) for channel in ("", "orders", "alerts", "ü")]
    assert known == [0, 3, 6, 5]


def test_streams_are_spread() -> None:
    found = {shard_of(ClientId("c"), f"channel-{number}", 8) for number in range(100)}
    assert found == set(range(8))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_nodes_share_all_shards_evenly(count: int) -> None:
    nodes = [f"node-{number}" for number in range(count)]
    shares = [share_of(node, nodes, 8) for node in nodes]
    assert sorted(itertools.chain.from_iterable(shares)) == list(range(8))
    sizes = {len(share) for share in shares}
    assert max(sizes) - min(sizes) <= 1


def test_one_that_goes_leaves_the_others_most_of_what_they_have() -> None:
    before = {node: set(share_of(node, "abc", 64)) for node in "ab"}
    after = {node: set(share_of(node, "ab", 64)) for node in "ab"}
    assert all(len(before[node] & after[node]) > 16 for node in "ab")


def test_a_node_that_is_not_among_the_living_counts_itself() -> None:
    assert share_of("a", (), 8) == list(range(8))
