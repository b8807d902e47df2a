from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.ids import DEFAULT_CLIENT, KeyId, UserId
from notifyd.model.principal import ALL_GRANTS, Principal
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.service.presence.news import PresenceNews
from notifyd.service.presence.presence import Presence
from tests.service.node import OPERATOR, Node, endings, writes

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.presence import PresenceChange

RULES = PresenceRules((PresenceRule("*", presence=True, join_leave=True),), max_notified=3, max_waiting=2)


def told(change: PresenceChange) -> bytes:
    return f"{'+' if change.joined else '-'}{change.member.user_id}@{change.channel} ".encode()


def user(name: str) -> Principal:
    return Principal(DEFAULT_CLIENT, KeyId(""), ALL_GRANTS, user_id=UserId(name))


class Room:
    """Users who come and go; nobody is told before `turn`."""

    def __init__(self, node: Node, nursery: trio.Nursery) -> None:
        self.node = node
        self.news = PresenceNews(node.hub, {"text": told}, node.counters)
        self.news.rules = RULES
        self.presence = Presence(node.hub, RULES, self.news.tell)
        nursery.start_soon(self.news.run)

    async def turn(self) -> None:
        """Everybody is told, and the pause after it is over."""
        await wait_all_tasks_blocked()
        await trio.sleep(1)

    def enter(self, principal: Principal, *channels: str, **options: object) -> Connection:
        connection = self.node.connect(principal, **options)
        for channel in channels or ("room",):
            self.node.hub.subscribe(connection, channel, offset=0)
        return connection


@pytest.fixture
async def room(node: Node, nursery: trio.Nursery) -> Room:
    return Room(node, nursery)


async def test_the_others_are_told_who_joins_and_who_leaves(room: Room, autojump_clock) -> None:
    ann = room.enter(user("ann"))
    await room.turn()
    bob = room.enter(user("bob"))
    await room.turn()
    room.node.connector.leave(bob)
    await room.turn()
    assert (writes(ann), writes(bob)) == (["+bob@room", "-bob@room"], [])


async def test_no_connection_of_the_member_is_told_of_it(room: Room, autojump_clock) -> None:
    mine = room.enter(user("ann")), room.enter(user("ann"))
    await room.turn()
    assert [writes(connection) for connection in mine] == [[], []]


async def test_all_changes_since_the_last_turn_are_one_write(room: Room, autojump_clock) -> None:
    ann = room.enter(user("ann"), "room", "hall")
    await room.turn()
    room.enter(user("bob"), "room", "hall")
    await room.turn()
    assert writes(ann) == ["+bob@room +bob@hall"]


async def test_those_who_come_together_are_told_of_each_other(room: Room, autojump_clock) -> None:
    ann, bob = room.enter(user("ann")), room.enter(user("bob"))
    await room.turn()
    assert (writes(ann), writes(bob)) == (["+bob@room"], ["+ann@room"])


async def test_who_comes_and_goes_within_a_turn_was_not_there(room: Room, autojump_clock) -> None:
    ann = room.enter(user("ann"))
    await room.turn()
    room.node.connector.leave(room.enter(user("bob")))
    assert room.news.waiting == 0
    await room.turn()
    assert writes(ann) == []


async def test_operators_are_told_nothing(room: Room, autojump_clock) -> None:
    operator = room.enter(OPERATOR)
    room.enter(user("ann"))
    await room.turn()
    assert writes(operator) == []


async def test_a_format_without_joins_is_told_nothing(room: Room, autojump_clock) -> None:
    other = room.enter(user("ann"), encoding="rpc")
    room.enter(user("bob"))
    await room.turn()
    assert writes(other) == []


async def test_a_crowd_is_not_told(room: Room, autojump_clock) -> None:
    everybody = []
    for name in ("a", "b", "c", "d"):
        everybody.append(room.enter(user(name)))
        await room.turn()
    assert [writes(connection) for connection in everybody] == [["+b@room", "+c@room"], ["+c@room"], [], []]


async def test_a_channel_that_became_a_crowd_before_its_turn_is_not_told(room: Room, autojump_clock) -> None:
    everybody = [room.enter(user("a")), room.enter(user("b")), room.enter(OPERATOR), room.enter(OPERATOR)]
    await room.turn()
    assert [writes(connection) for connection in everybody] == [[], [], [], []]


async def test_more_than_may_wait_is_not_told_and_counted(room: Room, autojump_clock) -> None:
    for number in range(3):
        room.enter(user("ann"), f"room.{number}")
    assert (room.news.waiting, room.node.counters.presence_dropped) == (2, 1)


async def test_who_does_not_read_is_cut_off(room: Room, autojump_clock) -> None:
    slow = room.enter(user("ann"), limit=0)
    room.enter(user("bob"))
    await room.turn()
    assert endings(slow) == [SLOW_CONSUMER]
    assert [cut.id for cut in room.node.hub.slow.latest()] == [slow.id]


async def test_who_left_the_channel_meanwhile_is_told_nothing_more(room: Room, autojump_clock) -> None:
    readers = [room.enter(user("ann"), "room") for _ in range(2)]
    await room.turn()
    room.node.hub.unsubscribe(readers[0], "room")
    room.enter(user("bob"))
    await room.turn()
    assert [writes(connection) for connection in readers] == [[], ["+bob@room"]]
