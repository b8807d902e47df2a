"""A node for each test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.store.open import open_broker
from notifyd.store.options import BrokerOptions
from notifyd.telemetry.metrics import Counters
from tests.service.client_samples import House
from tests.service.node import LIMITS, MakeNode, Node
from tests.store.samples import expire

if TYPE_CHECKING:
    import trio

    from notifyd.store.ports import Broker


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
async def broker(request: pytest.FixtureRequest, nursery: trio.Nursery, counters: Counters) -> Broker:
    """A broker in memory whose commits are served. The test ends in time, by whichever clock it has."""
    nursery.start_soon(expire, 1_000_000 if "autojump_clock" in request.fixturenames else 20)
    opened = await open_broker(BrokerOptions(durability="memory", limits=LIMITS), counters)
    nursery.start_soon(opened.run)
    return opened


@pytest.fixture
def make_node(broker: Broker, counters: Counters) -> MakeNode:
    """Makes a node with bounds of one's own."""

    async def make(**bounds: int) -> Node:
        node = Node(broker, counters, **bounds)
        await node.clients.load()
        return node

    return make


@pytest.fixture
async def node(make_node: MakeNode) -> Node:
    """A node; nothing runs but its broker."""
    return await make_node()


@pytest.fixture
async def house() -> House:
    """Clients, keys, tokens and devices, with the client `default`."""
    return await House().loaded()
