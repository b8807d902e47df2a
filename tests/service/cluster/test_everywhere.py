"""Connections, figures and presence over several nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.errors import NotFound
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.service.cluster.connections import ServiceConnections
from notifyd.service.cluster.crowds import ServiceCrowds
from notifyd.service.cluster.figures import ServiceFigures
from notifyd.service.cluster.nodes import Nodes
from notifyd.service.presence.occupancy import OccupancyWatch
from notifyd.service.presence.presence import Presence
from notifyd.service.receiving.connections import ConnectionQuery, Connections
from notifyd.service.stats import Stats
from tests.service.cluster.network import Network
from tests.service.node import Node, endings

if TYPE_CHECKING:
    import msgspec

    from notifyd.hub.connection import Connection
    from notifyd.model.presence import PresenceChange
    from notifyd.policy.webhooks.events import EventType

RULES = PresenceRules((PresenceRule("*", presence=True, join_leave=True),))


class Told:
    def __init__(self) -> None:
        self.events: list[str] = []

    def user(self, event_type: EventType, client_id: str, user_id: str) -> None:
        self.events.append(f"{event_type.value} {user_id}")

    def channel(self, event_type: EventType, client_id: str, channel: str) -> None:
        self.events.append(f"{event_type.value} {channel}")


class Place:
    """One node with all that it shares."""

    def __init__(self, network: Network, name: str, node: Node, nursery: trio.Nursery) -> None:
        self.node, self.peers = node, network.join(name)
        self.connections = ServiceConnections(Connections(node.hub, node=name), self.peers)
        self.nodes = Nodes(self.peers)
        self.crowds = ServiceCrowds(node.hub, self.peers)
        own = Stats(node.hub, node.broker, node.counters, unacked=lambda: 0, log_entries=lambda: 0)
        self.figures = ServiceFigures(own, self.peers)
        self.changes: list[PresenceChange] = []
        self.presence = Presence(node.hub, RULES, self.changes.append)
        self.told = Told()
        self.watch = OccupancyWatch(node.hub, self.told, 5.0)
        self.watch.configure(5.0, users=True, channels=True)
        for shared in (self.presence.share(self.peers), self.watch.share(self.peers)):
            nursery.start_soon(shared.run)
        nursery.start_soon(self.watch.run)

    def members(self) -> list[str]:
        return [member.user_id for member in self.presence.members(None, DEFAULT_CLIENT, "news").members]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def places(network: Network, make_node, nursery: trio.Nursery) -> tuple[Place, Place]:
    return Place(network, "one", await make_node(), nursery), Place(network, "other", await make_node(), nursery)


async def settled() -> None:
    await trio.sleep(1)


def arrive(place: Place, user: str = "anna") -> Connection:
    connection = place.node.user(user)
    place.node.hub.subscribe(connection, "news", offset=0)
    return connection


async def test_connections_of_all_nodes_are_listed(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    arrive(one), arrive(other, "ben")
    listed = await one.connections.list(ConnectionQuery())
    assert sorted((view.node, view.user_id) for view in listed.views) == [("one", "anna"), ("other", "ben")]
    assert (listed.total, listed.missing) == (2, ())
    assert (await one.connections.list(ConnectionQuery(user_id="ben"))).views[0].node == "other"


async def test_a_node_of_another_version_counts_as_silent(
    places: tuple[Place, Place], network: Network, autojump_clock
) -> None:
    one, _ = places
    stranger = network.join("stranger")
    for subject in ("connections.list", "stats", "channels.counts"):
        stranger.answer(subject, _answer_of_another_version)
    arrive(one)
    listed = await one.connections.list(ConnectionQuery())
    assert (len(listed.views), listed.missing) == (1, ("stranger",))
    assert (await one.figures.fresh()).missing_nodes == 1
    assert await one.crowds.counts([(DEFAULT_CLIENT, "news")]) == [1]


async def _answer_of_another_version(_body: msgspec.Raw) -> bytes:
    return b'"as it will be said one day"'


async def test_whoever_is_kicked_may_be_elsewhere(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    here, there = arrive(one), arrive(other, "ben")
    done = await one.connections.kick([there.id, here.id, "nobody"], reason="abuse")
    assert (sorted(done.kicked), done.not_found) == (sorted([here.id, there.id]), ["nobody"])
    assert [ending.reason for ending in endings(there)] == ["abuse"]


async def test_all_of_a_user_are_kicked(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    arrive(one), arrive(other), arrive(other)
    assert len((await other.connections.kick_user(DEFAULT_CLIENT, "anna")).kicked) == 3


async def test_a_node_that_does_not_answer_is_named(
    network: Network, places: tuple[Place, Place], autojump_clock
) -> None:
    one, _ = places
    network.join("silent")
    assert (await one.connections.kick_user(DEFAULT_CLIENT, "anna")).missing == ("silent",)
    assert (await one.connections.list(ConnectionQuery())).missing == ("silent",)


async def test_subscribers_are_counted_wherever_they_are(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    arrive(one), arrive(other), arrive(other, "ben")
    keys = [(DEFAULT_CLIENT, "news"), (DEFAULT_CLIENT, "other")]
    assert await one.crowds.counts(keys) == await other.crowds.counts(keys) == [3, 0]


async def test_who_is_in_a_channel_is_known_on_every_node(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    here = arrive(one)
    await settled()
    assert other.members() == ["anna"]
    there = arrive(other)
    await settled()
    one.node.hub.remove(here)
    await settled()
    assert one.members() == ["anna"]
    other.node.hub.remove(there)
    await settled()
    assert (one.members(), other.members()) == ([], [])
    for place in places:
        assert [change.joined for change in place.changes] == [True, False]


async def test_who_was_on_a_node_that_died_has_left(
    network: Network, places: tuple[Place, Place], autojump_clock
) -> None:
    one, other = places
    arrive(other)
    await settled()
    network.kill("other")
    assert not one.members()
    assert [change.joined for change in one.changes] == [True, False]


async def test_a_user_on_two_nodes_comes_and_goes_once(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    here = arrive(one)
    await settled()
    there = arrive(other)
    await settled()
    one.node.hub.remove(here)
    await trio.sleep(60)
    assert one.told.events == ["user.connected anna", "channel.occupied news"]
    other.node.hub.remove(there)
    await trio.sleep(60)
    assert other.told.events == ["user.disconnected anna", "channel.vacated news"]
    assert len(one.told.events) == 2


async def test_who_comes_back_on_another_node_was_not_gone(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    here = arrive(one)
    await settled()
    one.node.hub.remove(here)
    await settled()
    arrive(other)
    await trio.sleep(60)
    assert one.told.events == ["user.connected anna", "channel.occupied news"]


async def test_one_of_those_who_are_left_tells_of_a_dead_nodes_users(
    network: Network, places: tuple[Place, Place], autojump_clock
) -> None:
    one, other = places
    arrive(other)
    await settled()
    network.kill("other")
    await trio.sleep(60)
    assert one.told.events == ["user.disconnected anna", "channel.vacated news"]


async def test_a_node_is_drained_by_its_name(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    drained: list[float | None] = []
    other.nodes.on_drain = drained.append
    assert (await one.nodes.drain("other", 3.0)).id == "other"
    assert drained == [3.0]
    with pytest.raises(NotFound, match="one, other"):
        await one.nodes.drain("nobody")


async def test_others_look_when_records_have_changed(places: tuple[Place, Place], autojump_clock) -> None:
    one, other = places
    looks: list[bool] = []
    other.nodes.follow_records(lambda: looks.append(True))
    one.nodes.records_changed()
    assert looks == [True]
