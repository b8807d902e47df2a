from __future__ import annotations

import pytest
import trio
from msgspec.structs import replace

from notifyd.clock import now_ms
from notifyd.errors import Conflict, Denied, Draining, NotAuthenticated
from notifyd.model.disconnect import CREDENTIAL_ENDED, NOT_AUTHENTICATED
from notifyd.model.ids import ClientId, KeyId
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.service.receiving.connect import TooManyConnections
from notifyd.telemetry.logs import LogOptions, configure
from tests.service.node import OPERATOR, Node, endings, writes


async def test_a_link_is_a_connection_of_nobody_at_first(node: Node) -> None:
    connection = node.link()
    assert node.hub.connection(connection.id) is connection
    assert (connection.principal, connection.expires_at) == (None, None)


async def test_who_does_not_authenticate_is_let_go(node: Node, nursery, autojump_clock) -> None:
    nursery.start_soon(node.sweeper.run)
    connection, other = node.link(), node.connect()
    await trio.sleep(12)
    assert (endings(connection), endings(other)) == ([NOT_AUTHENTICATED], [])


async def test_a_key_makes_it_a_connection_of_its_client(node: Node) -> None:
    issued = await node.key("subscribe:a")
    connection = node.link()
    assert node.enter(connection, issued.key) == []
    assert connection.principal == node.ring.authenticate(issued.key, address="", now=now_ms())
    assert node.hub.of_key(issued.record.id) == [connection]


async def test_a_wrong_key_is_counted(node: Node) -> None:
    with pytest.raises(NotAuthenticated):
        node.enter(node.link(), "wrong")
    assert node.counters.authentication_failures == 1


async def test_a_key_is_good_from_its_networks_alone(node: Node) -> None:
    issued = await node.key(allowed_cidrs=["10.0.0.0/8"])
    node.enter(node.link(address="10.1.2.3"), issued.key)
    with pytest.raises(Denied):
        node.enter(node.link(address="192.0.2.1"), issued.key)
    assert node.counters.authentication_failures == 1


async def test_a_key_has_so_many_connections(node: Node) -> None:
    issued = await node.key()
    connections = [await node.connect_with(issued) for _ in range(3)]
    with pytest.raises(TooManyConnections, match="has 3 connections already"):
        await node.connect_with(issued)
    node.connector.leave(connections[0])
    await node.connect_with(issued)


async def test_authenticating_again_needs_no_more_room(node: Node) -> None:
    issued = await node.key()
    connections = [await node.connect_with(issued) for _ in range(3)]
    node.enter(connections[0], issued.key)
    assert len(node.hub.of_key(issued.record.id)) == 3


async def test_an_operator_is_not_counted(node: Node) -> None:
    assert len([node.connect() for _ in range(10)]) == len(node.hub.audience(OPERATOR.client_id)) == 10


async def test_a_connection_belongs_to_one_client(node: Node) -> None:
    connection = node.connect()
    with pytest.raises(Conflict):
        node.connector.enter(connection, Principal(ClientId("other"), KeyId("key_9"), ALL_GRANTS))


async def test_a_key_that_expires_takes_its_connections_along(node: Node, nursery, autojump_clock) -> None:
    nursery.start_soon(node.sweeper.run)
    issued = await node.key(expires_at=now_ms() + 30_000)
    connection = await node.connect_with(issued)
    await trio.sleep(15)
    assert endings(connection) == []
    await trio.sleep(20)
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_a_key_that_ends_later_does_not_outlive_its_expiry(node: Node, nursery, autojump_clock) -> None:
    nursery.start_soon(node.sweeper.run)
    issued = await node.key(expires_at=now_ms() + 7000)
    connection = await node.connect_with(issued)
    node.connector.end_key(replace(issued.record, digest="new", previous_digest=issued.record.digest))
    await trio.sleep(9)
    assert endings(connection) == [CREDENTIAL_ENDED]


async def test_while_draining_nobody_new_is_let_in(node: Node) -> None:
    node.connector.draining = True
    with pytest.raises(Draining) as problem:
        node.link()
    assert problem.value.retry_after_seconds == 2
    assert node.hub.connection_count == 0


async def test_leaving_forgets_the_connection(node: Node) -> None:
    connection = node.connect()
    node.connector.leave(connection)
    node.connector.leave(connection)
    assert (node.hub.connection_count, connection.ended) == (0, True)


async def test_another_key_keeps_only_the_subscriptions_that_it_allows(node: Node) -> None:
    connection = await node.connect_with(await node.key())
    for channel in ("orders.1", "news", "weather"):
        node.hub.subscribe(connection, channel, offset=0)
    narrower = await node.key("subscribe:orders.*")
    assert node.enter(connection, narrower.key) == ["news", "weather"]
    assert (connection.subscriptions, node.hub.subscription_count) == ({"orders.1"}, 1)
    await node.published("news")
    assert writes(connection) == []


async def test_a_key_that_is_revoked_before_it_enters_does_not_get_in(node: Node) -> None:
    issued = await node.key()
    principal = node.connector.principal(issued.key, "127.0.0.1")
    await node.keys.revoke(issued.record.id)
    with pytest.raises(NotAuthenticated, match="not good any more") as problem:
        node.connector.enter(node.link(), principal)
    assert (problem.value.code, node.hub.of_key(issued.record.id)) == ("invalid_api_key", [])


async def test_a_key_that_is_rotated_before_it_enters_ends_with_the_overlap(node: Node) -> None:
    issued = await node.key()
    principal = node.connector.principal(issued.key, "127.0.0.1")
    await node.keys.rotate(issued.record.id, overlap_ms=60_000)
    connection = node.link()
    node.connector.enter(connection, principal)
    assert connection.expires_at == pytest.approx(trio.current_time() + 60, abs=5)


async def test_a_user_whose_client_is_gone_or_got_another_secret_does_not_get_in(node: Node) -> None:
    shop = await node.client()
    principal = node.connector.token_principal(node.token("alice", shop))
    await node.clients.rotate_secret(shop, overlap_ms=0)
    with pytest.raises(NotAuthenticated) as problem:
        node.connector.enter(node.link(), principal)
    assert problem.value.code == "token_bad_signature"
    await node.clients.remove(shop)
    with pytest.raises(NotAuthenticated):
        node.connector.enter(node.link(), principal)


async def test_a_token_that_expires_before_it_enters_does_not_get_in(node: Node) -> None:
    principal = node.connector.token_principal(node.token("alice"))
    with pytest.raises(NotAuthenticated) as problem:
        node.connector.enter(node.link(), replace(principal, expires_at=now_ms()))
    assert (problem.value.code, node.counters.authentication_failures) == ("token_expired", 1)


async def test_who_comes_and_who_goes_is_in_the_log_for_who_looks_closely(node: Node) -> None:
    logbook = configure(LogOptions(console=False, level="debug"), node.counters)
    try:
        connection = node.connect(address="192.0.2.1")
        node.connector.leave(connection)
        node.connector.leave(connection)
    finally:
        logbook.set_level("info")
    told = [record.fields() for record in logbook.ring.tail(10)]
    assert [(line["event"], line["level"], line["connection_id"], line["address"]) for line in told] == [
        ("connection_entered", "debug", connection.id, "192.0.2.1"),
        ("connection_left", "debug", connection.id, "192.0.2.1"),
    ]
