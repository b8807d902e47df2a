from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, NotAuthenticated, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, NotificationId, UserId
from notifyd.model.position import StreamPosition
from tests.service.node import writes

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from tests.service.node import Node

ANN = UserId("ann")


def undelivered(node: Node, user: str = "ann") -> list[bytes]:
    kept = node.broker.inbox.since(DEFAULT_CLIENT, UserId(user), now=0)
    return [publication.notification.data for publication in kept.publications]


def newcomer(node: Node, user: str = "ann") -> Connection:
    """A connection of the user that is not served yet."""
    connection = node.link()
    node.connector.enter(connection, node.connector.token_principal(node.token(user)))
    return connection


async def told(node: Node, *data: int, users: tuple[str, ...] = ("ann",)) -> None:
    for value in data:
        await node.tell(*users, data=value)
    await node.dispatch()


async def test_who_is_offline_finds_it_in_order(node: Node):
    await told(node, 1, 2, 3)
    found = node.inboxes.check(newcomer(node))
    assert [publication.notification.data for publication in found.replay] == [b"1", b"2", b"3"]
    assert (found.recovered, found.position.offset) == (None, 3)


async def test_every_connection_of_the_user_gets_it(node: Node):
    ann = [node.user("ann", encoding="text") for _ in range(2)]
    bob = node.user("bob", encoding="text")
    await told(node, 1)
    assert [writes(connection) for connection in (*ann, bob)] == [["ann@1"], ["ann@1"], []]


async def test_it_stays_until_the_pong_that_proves_it(node: Node):
    ann = node.user("ann", encoding="text")
    await told(node, 1)
    assert undelivered(node) == [b"1"]
    node.inboxes.proven(ann, ann.link.marks[-1])
    assert (undelivered(node), node.counters.inbox_arrived) == ([], 1)


async def test_a_pong_to_an_earlier_ping_proves_nothing_of_what_came_after(node: Node):
    ann = node.user("ann", encoding="text")
    await told(node, 1)
    await told(node, 2)
    node.inboxes.proven(ann, ann.link.marks[0])
    assert (undelivered(node), ann.link.marks) == ([b"2"], [1, 2])


@pytest.mark.parametrize("mark", [0, 2, 99])
async def test_a_pong_that_answers_no_question_of_ours_proves_nothing(node: Node, mark: int):
    ann = node.user("ann", encoding="text")
    await told(node, 1)
    node.inboxes.proven(ann, mark)
    assert undelivered(node) == [b"1"]


async def test_a_replay_is_proven_too(node: Node):
    await told(node, 1, 2)
    ann = newcomer(node)
    found = node.inboxes.check(ann)
    node.inboxes.go_live(ann, found.position)
    node.inboxes.wrote(ann, found.position)
    node.inboxes.proven(ann, ann.link.marks[-1])
    assert undelivered(node) == []


async def test_a_connection_with_a_position_resumes_there(node: Node):
    await told(node, 1, 2, 3)
    position = StreamPosition(node.broker.inbox.position(DEFAULT_CLIENT, ANN).epoch, 2)
    found = node.inboxes.check(newcomer(node), position)
    assert ([publication.notification.data for publication in found.replay], found.recovered) == ([b"3"], True)
    assert undelivered(node) == [b"3"]


async def test_a_position_of_another_epoch_is_no_proof(node: Node):
    await told(node, 1)
    found = node.inboxes.check(newcomer(node), StreamPosition("other", 1))
    assert (found.recovered, len(found.replay), undelivered(node)) == (False, 1, [b"1"])


async def test_an_ack_takes_it_and_what_came_before(node: Node):
    await told(node, 1)
    second = await node.tell("ann", data=2)
    await told(node, 3)
    ann = node.user("ann")
    assert (node.inboxes.ack(ann, second), undelivered(node)) == (2, [b"3"])
    assert node.inboxes.ack(ann, second) == 0


async def test_nobody_acks_what_is_anothers(node: Node):
    bobs = await node.tell("bob")
    await node.dispatch()
    with pytest.raises(NotFound):
        node.inboxes.ack(node.user("ann"), bobs)


async def test_an_inbox_needs_a_user(node: Node):
    with pytest.raises(NotAuthenticated):
        node.inboxes.check(node.link())
    with pytest.raises(Denied):
        node.inboxes.check(node.connect())


async def test_users_of_two_clients_are_two(node: Node):
    other = await node.client()
    ann, namesake = node.user("ann", encoding="text"), node.user("ann", other, encoding="text")
    await node.tell("ann", client_id=other)
    await node.dispatch()
    assert (writes(ann), writes(namesake)) == ([], ["ann@1"])
    assert (undelivered(node), node.inboxes.kept(other, ANN).position.offset) == ([], 1)


async def test_what_is_kept_is_told_by_user(node: Node):
    await told(node, 1, 2, users=("ann", "bob"))
    node.user("bob")
    infos = await node.inboxes.infos(DEFAULT_CLIENT)
    assert [(info.user_id, info.undelivered) for info in infos] == [("ann", 2), ("bob", 2)]
    assert [node.inboxes.connection_count(DEFAULT_CLIENT, info.user_id) for info in infos] == [0, 1]


async def test_what_is_proven_has_arrived(node: Node):
    ann = node.user("ann", encoding="text")
    first, second = await node.tell("ann"), await node.tell("ann")
    await node.dispatch()
    assert not await node.inboxes.arrived(DEFAULT_CLIENT, ANN, NotificationId(first))
    node.inboxes.ack(ann, first)
    assert await node.inboxes.arrived(DEFAULT_CLIENT, ANN, NotificationId(first))
    assert not await node.inboxes.arrived(DEFAULT_CLIENT, ANN, NotificationId(second))
    assert not await node.inboxes.arrived(DEFAULT_CLIENT, UserId("bob"), NotificationId(first))


async def test_one_users_inbox_is_told_without_a_look_at_the_others(node: Node):
    await told(node, 1, 2, users=("ann", "anna"))
    info = node.inboxes.info(DEFAULT_CLIENT, ANN)
    assert info is not None
    assert (info.user_id, info.notifications, info.cursor) == ("ann", 2, 0)
    assert node.inboxes.info(DEFAULT_CLIENT, UserId("an")) is None
