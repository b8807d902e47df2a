"""Nodes on one real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.bus.open import PeerRules, open_peers
from notifyd.bus.redis.peers import RedisPeers
from notifyd.model.node import NodeInfo
from notifyd.redislink.link import open_link
from tests.valkey import redis_options, valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from notifyd.redislink.options import RedisOptions

__all__ = ["redis_options", "valkey"]

RULES = PeerRules(heartbeat_seconds=0.05, timeout_seconds=60, query_timeout_seconds=20)
#: Where the silence of others is waited for.
HASTY = PeerRules(heartbeat_seconds=0.05, timeout_seconds=0.5, query_timeout_seconds=0.3)


class Node:
    """One node that runs until it is stopped, politely or not."""

    def __init__(self, peers: RedisPeers, scope: trio.CancelScope) -> None:
        self.peers = peers
        self.id = peers.node_id
        self.scope = scope


@pytest.fixture
async def start_node(redis_options: RedisOptions, nursery: trio.Nursery) -> AsyncIterator[Callable[..., object]]:
    links = []

    async def start(name: str, rules: PeerRules = RULES, **changes: object) -> Node:
        link = await open_link(redis_options)
        links.append(link)
        info = NodeInfo(f"{name}-1", name, "0", 1, 0, **changes)  # type: ignore[arg-type]
        peers = open_peers(link, lambda: info, rules)
        assert isinstance(peers, RedisPeers)
        scope = trio.CancelScope()

        async def run() -> None:
            with scope:
                await peers.run()

        nursery.start_soon(run)
        return Node(peers, scope)

    with trio.fail_after(30):
        yield start
        nursery.cancel_scope.cancel()
        for link in links:
            await link.close()
