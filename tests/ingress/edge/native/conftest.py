"""A node with acks, and one that speaks the plain JSON protocol with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.forwarded import TrustedProxies
from notifyd.ingress.edge.native.services import NativeRules, NativeServices
from notifyd.service.receiving.attending import Attending
from tests.ingress.edge.native.browser import Browser
from tests.service.acks.house import House
from tests.service.node import Node, open_node
from tests.store.samples import expire

if TYPE_CHECKING:
    import trio


@pytest.fixture
async def node(request: pytest.FixtureRequest, nursery: trio.Nursery) -> Node:
    """A node; the test ends in time, by whichever clock it has."""
    nursery.start_soon(expire, 1_000_000 if "autojump_clock" in request.fixturenames else 20)
    return await open_node(nursery)


@pytest.fixture
def rules() -> NativeRules:
    return NativeRules(allowed_origins=(), max_protocol_errors=3, page_bytes=1000, proxies=TrustedProxies(()))


@pytest.fixture
def house(node: Node) -> House:
    """Its acks; their clock stands still unless a test runs it."""
    return House(node)


@pytest.fixture
def services(node: Node, house: House) -> NativeServices:
    return NativeServices(
        connector=node.connector,
        subscriber=node.subscriber,
        publisher=node.publisher,
        limiter=node.limiter,
        counters=node.counters,
        durability="os",
        inboxes=node.inboxes,
        acks=house.acks,
        attending=Attending(node.broker, node.subscriber),
        presence=node.presence,
    )


@pytest.fixture
def stranger(services: NativeServices, rules: NativeRules) -> Browser:
    """One that was greeted."""
    browser = Browser(services, rules)
    assert browser.said
    return browser
