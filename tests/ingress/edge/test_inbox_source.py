"""The inbox as something to catch up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.ingress.edge.catch_up import Gap
from notifyd.ingress.edge.inbox_source import InboxSource
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from tests.service.node import Node, open_node, text_of, writes
from tests.store.samples import expire

if TYPE_CHECKING:
    import trio

    from notifyd.hub.connection import Connection

ALICE = UserId("alice")


@pytest.fixture
async def node(nursery: trio.Nursery) -> Node:
    nursery.start_soon(expire, 20)
    return await open_node(nursery)


@pytest.fixture
def connection(node: Node) -> Connection:
    connection = node.link()
    node.connector.enter(connection, node.connector.token_principal(node.token(ALICE)))
    return connection


def source_of(node: Node, connection: Connection) -> InboxSource:
    return InboxSource(node.inboxes, connection, node.inboxes.check(connection), text_of)


async def cursor(node: Node) -> int:
    return next(info.cursor for info in await node.inboxes.infos(DEFAULT_CLIENT) if info.user_id == ALICE)


async def told(node: Node, count: int) -> None:
    for _ in range(count):
        await node.tell(ALICE)
    await node.dispatch()


async def test_it_is_what_was_found_and_then_what_came_meanwhile(node: Node, connection: Connection) -> None:
    await told(node, 2)
    source = source_of(node, connection)
    await told(node, 1)
    assert [source.encode(each) for each in source.missing()] == [b"alice@1 ", b"alice@2 "]
    assert [source.encode(each) for each in source.missing()] == [b"alice@3 "]
    assert source.missing() == []


async def test_what_arrived_moves_the_cursor(node: Node, connection: Connection) -> None:
    await told(node, 3)
    source = source_of(node, connection)
    for publication in source.missing()[:2]:
        source.encode(publication)
    source.arrived()
    assert await cursor(node) == 2


async def test_nothing_is_lost_or_repeated_where_it_goes_live(node: Node, connection: Connection) -> None:
    await told(node, 1)
    source = source_of(node, connection)
    for publication in source.missing():
        source.encode(publication)
    assert source.missing() == []
    source.go_live()
    source.written()
    await told(node, 1)
    assert (writes(connection), connection.inbox is not None and connection.inbox.asked) == (["alice@2"], 1)


async def test_where_nothing_was_written_nothing_is_asked(node: Node, connection: Connection) -> None:
    source = source_of(node, connection)
    assert source.missing() == []
    source.go_live()
    source.written()
    source.arrived()
    assert connection.inbox is not None
    assert connection.inbox.asked == 0


async def test_an_inbox_that_was_forgotten_is_a_gap(node: Node, connection: Connection) -> None:
    await told(node, 1)
    source = source_of(node, connection)
    source.missing()
    await node.broker.inbox.forget(DEFAULT_CLIENT, ALICE)
    with pytest.raises(Gap):
        source.missing()
