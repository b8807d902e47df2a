"""The nodes of the service over the admin socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.service.cluster.nodes import Nodes
from notifyd.v1 import admin_pb2 as pb
from tests.ingress.rpc.house import Choices, open_house
from tests.service.cluster.network import Network

if TYPE_CHECKING:
    from tests.ingress.rpc.house import House


async def test_a_node_that_is_alone_lists_itself(house: House) -> None:
    (node,) = (await house.ask("ListNodes", pb.ListNodesRequest())).nodes
    assert (node.id, node.name, node.version, node.pid, node.self) == ("here", "here", "0.0.0", 1, True)
    assert (node.at.ToMilliseconds(), node.HasField("started_at")) == (17, False)


async def test_every_node_is_listed_and_the_answering_one_is_marked() -> None:
    network = Network()
    network.join("other")
    async with open_house(Choices(peers=network.join("one"))) as house:
        listed = await house.ask("ListNodes", pb.ListNodesRequest())
    assert [(node.name, node.self) for node in listed.nodes] == [("one", True), ("other", False)]


@pytest.mark.parametrize("seconds", [None, 0.0, 30.0])
async def test_a_node_drains_itself_over_the_seconds_given(house: House, seconds: float | None) -> None:
    drained: list[float | None] = []
    house.services.nodes.on_drain = drained.append
    node = await house.ask("DrainNode", pb.DrainNodeRequest(node="here", seconds=seconds))
    assert (node.id, node.self, drained) == ("here", True, [seconds])


async def test_another_node_is_told_to_drain() -> None:
    network = Network()
    drained: list[float | None] = []
    Nodes(network.join("other")).on_drain = drained.append
    async with open_house(Choices(peers=network.join("one"))) as house:
        house.services.nodes.on_drain = lambda seconds: pytest.fail("this one is to stay")
        node = await house.ask("DrainNode", pb.DrainNodeRequest(node="other", seconds=5))
    assert (node.name, node.self, drained) == ("other", False, [5.0])


async def test_a_node_that_is_not_there_is_not_found(house: House) -> None:
    refusal = await house.refusal("DrainNode", pb.DrainNodeRequest(node="nowhere"))
    assert (refusal.status, refusal.code) == ("NOT_FOUND", "node_not_found")
    assert refusal.message == "there is no node 'nowhere', only: here"


async def test_a_node_that_does_not_answer_is_not_found() -> None:
    network = Network()
    network.join("silent")
    async with open_house(Choices(peers=network.join("one"))) as house:
        refusal = await house.refusal("DrainNode", pb.DrainNodeRequest(node="silent"))
    assert (refusal.code, refusal.message) == ("node_not_found", "the node silent did not answer: it may be gone")


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan"), float("inf")])
async def test_seconds_have_bounds(house: House, seconds: float) -> None:
    house.services.nodes.on_drain = lambda seconds: pytest.fail("nothing is to be drained")
    refusal = await house.refusal("DrainNode", pb.DrainNodeRequest(node="here", seconds=seconds))
    assert (refusal.status, refusal.message) == ("INVALID_ARGUMENT", "seconds must be 0 to 3600")
