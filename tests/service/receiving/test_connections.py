from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.model.disconnect import KICKED
from notifyd.model.ids import ClientId, KeyId
from notifyd.model.position import StreamPosition
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.service.receiving.connections import ConnectionQuery, Connections
from tests.service.node import Node, RecordingLink, endings

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

SHOP = Principal(ClientId("shop"), KeyId("key_1"), ALL_GRANTS)


@pytest.fixture
def connections(node: Node) -> Connections:
    return Connections(node.hub)


@pytest.fixture
def three(node: Node) -> list[Connection]:
    """One of nobody, one of the operator on two channels, one of a key with something in its outbox."""
    nobody, operator, shop = node.link(address="192.0.2.1"), node.connect(), node.connect(SHOP)
    for channel in ("b", "a"):
        node.hub.subscribe(operator, channel, offset=0)
    assert isinstance(shop.link, RecordingLink)
    shop.link.waiting = 7
    shop.put(b"12345")
    return [nobody, operator, shop]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ConnectionQuery(), [0, 1, 2]),
        (ConnectionQuery(client_id="shop"), [2]),
        (ConnectionQuery(client_id="default"), [1]),
        (ConnectionQuery(key_id="key_1"), [2]),
        (ConnectionQuery(channel="a"), [1]),
        (ConnectionQuery(slow=True), [2]),
        (ConnectionQuery(client_id="shop", channel="a"), []),
    ],
)
async def test_those_that_fit_the_oldest_first(
    connections: Connections, three: list[Connection], query: ConnectionQuery, found: list[int]
) -> None:
    views, total = connections.list(query)
    assert [view.id for view in views] == [three[index].id for index in found]
    assert total == len(found)


async def test_the_limit_bounds_the_list_and_not_the_count(connections: Connections, three: list[Connection]) -> None:
    views, total = connections.list(ConnectionQuery(limit=1))
    assert ([view.id for view in views], total) == ([three[0].id], 3)


async def test_the_fullest_outbox_comes_first(node: Node, connections: Connections, three: list[Connection]) -> None:
    fuller = node.connect()
    assert isinstance(fuller.link, RecordingLink)
    fuller.link.waiting = 8
    assert [view.id for view in connections.list(ConnectionQuery(slow=True))[0]] == [fuller.id, three[2].id]


async def test_what_is_seen_of_a_connection(connections: Connections, three: list[Connection]) -> None:
    nobody, operator, shop = connections.list(ConnectionQuery())[0]
    assert (nobody.client_id, nobody.key_id, nobody.address, nobody.channels) == ("", "", "192.0.2.1", [])
    assert (operator.client_id, operator.channels) == ("default", ["a", "b"])
    assert (shop.key_id, shop.transport, shop.outbox_bytes, shop.sent_bytes) == ("key_1", "websocket", 7, 5)
    assert shop.idle_seconds >= 0


async def test_a_slow_one_tells_its_bound_and_since_when_it_is_behind(
    node: Node, three: list[Connection], autojump_clock: trio.testing.MockClock
) -> None:
    assert isinstance(three[2].link, RecordingLink)
    three[2].link.behind = trio.current_time()
    await trio.sleep(2)
    ((view,), _) = Connections(node.hub, outbox_limit_bytes=9).list(ConnectionQuery(slow=True))
    assert view.behind_since is not None
    assert (view.outbox_limit_bytes, round((now_ms() - view.behind_since) / 1000)) == (9, 2)


async def test_one_that_is_not_behind_says_so(connections: Connections, three: list[Connection]) -> None:
    assert {view.behind_since for view in connections.list(ConnectionQuery())[0]} == {None}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ConnectionQuery(), [2, 1, 0]),
        (ConnectionQuery(limit=1), [2]),
        (ConnectionQuery(client_id="shop"), [2]),
        (ConnectionQuery(key_id="key_1"), [2]),
        (ConnectionQuery(user_id="ann"), []),
    ],
)
async def test_who_was_cut_off_lately_the_last_one_first(
    node: Node, connections: Connections, three: list[Connection], query: ConnectionQuery, found: list[int]
) -> None:
    for connection in three:
        node.subscriber.end_slow(connection)
        node.connector.leave(connection)
    assert [cut.id for cut in connections.recently_cut(query)] == [three[index].id for index in found]


async def test_a_kick_says_whom_it_found(connections: Connections, three: list[Connection]) -> None:
    kicked = connections.kick([three[0].id, "nobody", three[2].id])
    assert (kicked.kicked, kicked.not_found) == ([three[0].id, three[2].id], ["nobody"])
    assert [endings(connection) for connection in three] == [[KICKED], [], [KICKED]]


async def test_a_kick_may_say_why(connections: Connections, three: list[Connection]) -> None:
    connections.kick([three[0].id], reason="be nice")
    assert [(end.code, end.reason, end.reconnect) for end in endings(three[0])] == [(4005, "be nice", False)]


async def test_a_key_is_kicked_and_stays_good(node: Node, connections: Connections, three: list[Connection]) -> None:
    issued = await node.key()
    mine = [await node.connect_with(issued) for _ in range(2)]
    assert connections.kick_key(issued.record.id).kicked == [connection.id for connection in mine]
    assert connections.kick_key("key_of_nobody").kicked == []
    await node.connect_with(issued)


async def test_a_kicked_one_gets_nothing_more(node: Node, connections: Connections) -> None:
    connection = node.connect()
    node.subscriber.go_live(connection, "news", StreamPosition("", 0))
    connections.kick([connection.id])
    assert connection.ended
