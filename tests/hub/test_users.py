from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Conflict
from notifyd.model.ids import ClientId, KeyId, UserId
from notifyd.model.principal import ALL_GRANTS, Principal

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub


def receive(hub: Hub, connection: Connection, offset: int = 0) -> Connection:
    hub.receive_inbox(connection, epoch="i", offset=offset)
    return connection


async def test_every_connection_of_a_user_gets_what_is_for_it_and_nobody_else(hub, connect, to_user, written):
    phone, laptop = (receive(hub, connect(name, user="ann")) for name in ("phone", "laptop"))
    others = [receive(hub, connect("b", user="bob")), receive(hub, connect("c", user="ann", client="other"))]
    assert await hub.fan_out([to_user("ann", 1)]) == [2]
    assert written(phone) == written(laptop) == ["ann@1"]
    assert [written(other) for other in others] == [[], []]


async def test_each_user_of_a_notification_gets_its_own_place(hub, connect, to_user, written):
    ann, bob = receive(hub, connect("a", user="ann")), receive(hub, connect("b", user="bob"))
    assert await hub.fan_out([to_user("ann", 4), to_user("bob", 9)]) == [1, 1]
    assert (written(ann), written(bob)) == (["ann@4"], ["bob@9"])


async def test_what_the_inbox_served_is_not_sent_again(hub, connect, to_user, written):
    ann = receive(hub, connect("a", user="ann"), offset=2)
    assert await hub.fan_out([to_user("ann", 2), to_user("ann", 3)]) == [0, 1]
    assert written(ann) == ["ann@3"]


async def test_who_does_not_receive_the_inbox_yet_gets_nothing_of_it(hub, connect, to_user):
    connect("a", user="ann")
    assert await hub.fan_out([to_user("ann", 1)]) == [0]


async def test_a_named_connection_gets_it_if_it_is_of_the_client(hub, connect, to_user, written):
    ours, theirs = connect("ours"), connect("theirs", client="other")
    assert await hub.fan_out([to_user("", 1, connections=("ours", "theirs", "gone"))]) == [1]
    assert (written(ours), written(theirs)) == (["/1"], [])


async def test_who_is_named_as_user_and_as_connection_gets_it_once(hub, connect, to_user, written):
    ann, bob = receive(hub, connect("a", user="ann")), connect("b", user="bob")
    both = [to_user(user, 1, users=("ann",), connections=("a", "b")) for user in ("ann", "")]
    assert await hub.fan_out(both) == [1, 1]
    assert (written(ann), written(bob)) == (["ann@1"], ["/1"])


async def test_a_connection_that_was_served_from_the_history_gets_what_comes_after(hub, connect, to_user, written):
    connection = connect("a")
    hub.join(connection, offset=3)
    named = [to_user("", place, connections=("a",)) for place in (3, 4)]
    assert await hub.fan_out(named) == [0, 1]
    assert written(connection) == ["/4"]


async def test_what_is_written_of_an_inbox_is_asked_to_be_proven_one_question_at_a_time(hub, connect, to_user):
    ann = receive(hub, connect("a", user="ann"))
    await hub.fan_out([to_user("ann", 1)])
    await hub.fan_out([to_user("ann", 2), to_user("ann", 3)])
    assert (ann.link.marks, ann.inbox.sent) == ([1], 3)


def test_a_connection_stays_with_its_user(hub, connect):
    ann = connect("a", user="ann")
    with pytest.raises(Conflict):
        hub.authenticate(ann, Principal(ClientId("default"), KeyId(""), ALL_GRANTS, user_id=UserId("bob")))


def test_removing_a_users_connection_leaves_nothing_behind(hub, connect):
    ann = receive(hub, connect("a", user="ann"))
    assert hub.user_connection_count(ClientId("default"), UserId("ann")) == 1
    hub.remove(ann)
    assert hub.user_connection_count(ClientId("default"), UserId("ann")) == 0
    assert hub.user(ClientId("default"), UserId("ann")) is None
    assert (hub.of_user(ClientId("default"), UserId("ann")), hub.of_client(ClientId("default"))) == ([], [])
