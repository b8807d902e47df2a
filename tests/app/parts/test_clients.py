from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.app.parts.clients import Aftermath
from notifyd.clock import now_ms
from notifyd.errors import NotAuthenticated, StoreUnavailable
from notifyd.model.command import Publish
from notifyd.model.disconnect import CLIENT_REMOVED, SECRET_ENDED
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.model.notification import Kind, State
from notifyd.model.principal import operator
from notifyd.service.access.keys import NewKey
from notifyd.service.clients.clients import NewClient
from tests.service.node import RecordingLink, endings

if TYPE_CHECKING:
    from notifyd.app.parts.graph import Graph
    from notifyd.hub.connection import Connection
    from notifyd.model.client import Client

ALICE = UserId("alice")


async def registered(graph: Graph) -> ClientId:
    return (await graph.clients.register(NewClient("shop"))).client.id


def user(graph: Graph, client_id: ClientId, token: str = "") -> Connection:
    connection = graph.connector.admit(RecordingLink(encoding="native"))
    token = token or graph.tokens.mint(client_id, ALICE).token
    graph.connector.enter(connection, graph.connector.token_principal(token, client_id))
    return connection


async def tell(graph: Graph, client_id: ClientId, *users: str, **fields: int) -> str:
    command = Publish(Kind.USERS, "", b"1", users=tuple(map(UserId, users)), **fields)  # type: ignore[arg-type]
    return (await graph.publisher.submit(operator(client_id), command).result()).id


async def dispatched(graph: Graph, notification_id: str) -> None:
    while (await graph.notifications.receipt(None, notification_id)).state is not State.DISPATCHED:
        await trio.lowlevel.checkpoint()


async def test_a_removed_client_takes_all_that_is_its_own_along(graph: Graph, nursery: trio.Nursery) -> None:
    nursery.start_soon(graph.dispatcher.run)
    gone, stays = await registered(graph), await registered(graph)
    connections = {client_id: user(graph, client_id) for client_id in (gone, stays)}
    for client_id in (gone, stays):
        await dispatched(graph, await tell(graph, client_id, "bob"))
        await tell(graph, client_id, "bob", delay_ms=60_000)
        await graph.devices.register(client_id, "bob", "push-token")
    key = await graph.keys.create(NewKey("tests", client_id=gone))
    await graph.clients.remove(gone)
    assert [endings(connections[client_id]) for client_id in (gone, stays)] == [[CLIENT_REMOVED], []]
    assert [info.client_id for info in await graph.inboxes.infos()] == [stays]
    assert (graph.queue.stats().scheduled, graph.engines.counters.cleared) == (1, 1)
    assert await graph.engines.records.devices.of_users(gone, [UserId("bob")]) == {}
    assert len(await graph.devices.list(stays)) == 1
    with pytest.raises(NotAuthenticated):
        graph.connector.principal(key.key, "127.0.0.1")


async def test_a_rotation_ends_who_came_by_the_old_secret(graph: Graph) -> None:
    client_id, other = await registered(graph), await registered(graph)
    before, stranger = user(graph, client_id), user(graph, other)
    await graph.clients.rotate_secret(client_id, overlap_ms=0)
    after = user(graph, client_id)
    assert [endings(each) for each in (before, stranger, after)] == [[SECRET_ENDED], [], []]


async def test_an_overlap_gives_them_its_time(graph: Graph) -> None:
    client_id = await registered(graph)
    token = graph.tokens.mint(client_id, ALICE).token
    live = user(graph, client_id, token)
    await graph.clients.rotate_secret(client_id, overlap_ms=60_000)
    latecomer = user(graph, client_id, token)
    for connection in (live, latecomer):
        assert connection.expires_at is not None
        assert 30 < connection.expires_at - trio.current_time() <= 60.1
        assert not connection.ended


async def test_a_second_rotation_ends_those_of_the_first(graph: Graph) -> None:
    client_id = await registered(graph)
    oldest = user(graph, client_id)
    await graph.clients.rotate_secret(client_id, overlap_ms=60_000)
    second = user(graph, client_id)
    await graph.clients.rotate_secret(client_id, overlap_ms=60_000)
    assert [endings(each) for each in (oldest, second)] == [[SECRET_ENDED], []]


async def test_keys_outlive_a_rotation(graph: Graph) -> None:
    client_id = await registered(graph)
    key = await graph.keys.create(NewKey("tests", client_id=client_id))
    connection = graph.connector.admit(RecordingLink(encoding="native"))
    graph.connector.enter(connection, graph.connector.principal(key.key, "127.0.0.1"))
    await graph.clients.rotate_secret(client_id, overlap_ms=0)
    assert not connection.ended


class BrokenInbox:
    """An engine that is away."""

    async def forget(self, client_id: ClientId) -> None:
        raise StoreUnavailable("away")


class HalfBroker:
    """The queue of a real broker, and no inbox."""

    def __init__(self, graph: Graph) -> None:
        self.queue = graph.engines.broker.queue
        self.inbox = BrokenInbox()


async def test_a_store_that_is_away_keeps_no_client_alive(graph: Graph) -> None:
    client_id = await registered(graph)
    connection = user(graph, client_id)
    aftermath = Aftermath(HalfBroker(graph), graph.engines.counters)  # type: ignore[arg-type]
    aftermath.connector = graph.connector
    await aftermath.removed(client_id)
    assert endings(connection) == [CLIENT_REMOVED]


async def test_before_there_are_connections_nothing_has_to_end(graph: Graph) -> None:
    aftermath = Aftermath(graph.engines.broker, graph.engines.counters)
    client: Client = graph.clients.get(DEFAULT_CLIENT)
    aftermath.rotated(client)
    await aftermath.removed(ClientId("nobody"))
    assert client.updated_at <= now_ms()
