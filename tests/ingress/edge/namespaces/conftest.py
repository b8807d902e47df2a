from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.namespaces.application import NamespaceApplication
from notifyd.store.options import BrokerLimits, HistoryLimits, QueueLimits
from tests.ingress.edge.namespaces import house
from tests.service.node import Node, open_node
from tests.store.samples import expire

if TYPE_CHECKING:
    import trio

    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices

LIMITS = BrokerLimits(queue=QueueLimits(max_size=500), history=HistoryLimits(max_publications=200))


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 30)
    return await open_node(nursery, LIMITS, max_connections_per_user=4, encoders=house.ENCODERS)


@pytest.fixture
def rules() -> NamespaceRules:
    return house.rules()


@pytest.fixture
def services(node: Node) -> NamespaceServices:
    return house.services_of(node)


@pytest.fixture
def application(services: NamespaceServices, rules: NamespaceRules) -> NamespaceApplication:
    return NamespaceApplication(services, rules)


@pytest.fixture
def alice(node: Node, application: NamespaceApplication) -> house.User:
    """A user who is not connected yet."""
    return house.User(node, application, "alice")
