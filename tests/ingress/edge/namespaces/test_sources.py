"""What sockets catch up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Denied
from notifyd.ingress.edge.catch_up import Gap
from notifyd.ingress.edge.namespaces.sources import ChannelSource, JoinSource
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.position import StreamPosition
from notifyd.policy.receiving.recovery import Session
from notifyd.wire.namespaces.events import Place
from tests.service.node import text_of, writes

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.namespaces.services import NamespaceServices
    from notifyd.store.history_ports import History
    from tests.service.node import Node

CHANNEL = "open.news"


@pytest.fixture
def connection(node: Node) -> Connection:
    return node.user("alice")


def source_at(node: Node, services: NamespaceServices, connection: Connection, offset: int) -> ChannelSource:
    position = StreamPosition(node.broker.history.position(DEFAULT_CLIENT, CHANNEL).epoch, offset)
    return ChannelSource(services, connection, CHANNEL, position, text_of)


async def test_it_goes_on_behind_what_was_encoded(
    node: Node, services: NamespaceServices, connection: Connection
) -> None:
    await node.published(CHANNEL, count=3)
    source = source_at(node, services, connection, 1)
    assert [source.encode(each) for each in source.missing()] == [b"open.news/2 ", b"open.news/3 "]
    await node.published(CHANNEL)
    assert [each.offset for each in source.missing()] == [4]


async def test_nothing_is_lost_or_repeated_where_it_goes_live(
    node: Node, services: NamespaceServices, connection: Connection
) -> None:
    await node.published(CHANNEL, count=2)
    source = source_at(node, services, connection, 0)
    for publication in source.missing():
        source.encode(publication)
    assert source.missing() == []
    source.go_live()
    await node.published(CHANNEL)
    assert writes(connection) == ["open.news/3"]


async def test_one_that_was_live_is_sent_nothing_in_between(
    node: Node, services: NamespaceServices, connection: Connection
) -> None:
    await node.published(CHANNEL, count=2)
    position = node.subscriber.check(connection, CHANNEL).position
    node.subscriber.go_live(connection, CHANNEL, position)
    assert source_at(node, services, connection, 0).missing()
    await node.published(CHANNEL)
    assert writes(connection) == []


class Behind:
    """A history that does not know the newest yet."""

    def __init__(self, known: History) -> None:
        self._known = known

    def since(self, *_: object, **__: object) -> History:
        return self._known


async def test_what_has_come_to_the_inbox_first_is_sent_to_who_was_live_and_comes_back(
    node: Node, services: NamespaceServices
) -> None:
    connection = node.link()
    principal = node.connector.token_principal(node.token("alice", DEFAULT_CLIENT))
    node.connector.enter(connection, principal, join=False)
    place = Place(node.broker.history.position(DEFAULT_CLIENT, ""), None)
    inbox = node.broker.inbox.position(DEFAULT_CLIENT, principal.user_id)
    session = Session(DEFAULT_CLIENT, principal.user_id, connection.id, place.stream, inbox)
    ids = [await node.tell("alice")]
    await node.dispatch()
    known = node.broker.history.since(DEFAULT_CLIENT, "", place.stream, now=now_ms())
    ids.append(await node.tell("alice"))
    await node.dispatch()
    behind = replace(services, history=Behind(known))
    source = JoinSource(behind, connection, session, place, lambda publication, _: text_of(publication))
    missing = source.missing()
    assert [each.notification.id for each in missing] == ids
    for each in missing:
        source.encode(each)
    assert source.missing() == []
    source.go_live()
    await node.tell("alice")
    await node.dispatch()
    assert len(writes(connection)) == 1


async def test_what_was_trimmed_is_a_gap(node: Node, services: NamespaceServices, connection: Connection) -> None:
    await node.published(CHANNEL)
    source = ChannelSource(services, connection, CHANNEL, StreamPosition("lost", 0), text_of)
    with pytest.raises(Gap):
        source.missing()


async def test_what_the_token_does_not_open_any_more_is_refused(node: Node, services: NamespaceServices) -> None:
    connection = node.user("alice")
    source = ChannelSource(services, connection, "secret", StreamPosition("e", 0), text_of)
    with pytest.raises(Denied):
        source.missing()
