from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied, Invalid
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, KeyId, UserId
from notifyd.model.presence import PresenceChange, PresenceView
from notifyd.model.principal import ALL_GRANTS, Grants, Principal
from notifyd.policy.presence import PresenceRule, PresenceRules
from notifyd.service.presence.presence import Presence
from tests.service.node import OPERATOR, Node

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection

KEY = Principal(DEFAULT_CLIENT, KeyId("key_1"), ALL_GRANTS)
TOLD = PresenceRule("room.*", presence=True, join_leave=True)
RULES = PresenceRules((TOLD, PresenceRule("hall.*", presence=True)), max_members=3)


def user(name: str, client_id: ClientId = DEFAULT_CLIENT) -> Principal:
    return Principal(client_id, KeyId(""), ALL_GRANTS, user_id=UserId(name))


@pytest.fixture
def told() -> list[PresenceChange]:
    return []


@pytest.fixture
def presence(node: Node, told: list[PresenceChange]) -> Presence:
    return Presence(node.hub, RULES, told.append)


def enter(node: Node, principal: Principal, channel: str = "room.1") -> Connection:
    connection = node.connect(principal)
    node.hub.subscribe(connection, channel, offset=0)
    return connection


def names(view: PresenceView) -> list[str]:
    return [member.user_id for member in view.members]


async def test_a_user_is_one_member_with_all_its_connections(node: Node, presence: Presence) -> None:
    both = (enter(node, user("ann")).id, enter(node, user("ann")).id)
    view = presence.members(KEY, DEFAULT_CLIENT, "room.1")
    (member,) = view.members
    assert (view.member_count, view.subscriber_count, member.user_id, member.connection_ids) == (1, 2, "ann", both)


async def test_each_connection_of_a_key_is_a_member(node: Node, presence: Presence) -> None:
    enter(node, KEY)
    enter(node, KEY)
    view = presence.members(None, DEFAULT_CLIENT, "room.1")
    assert (view.member_count, names(view)) == (2, ["", ""])


async def test_an_operator_is_counted_and_is_no_member(node: Node, presence: Presence) -> None:
    enter(node, OPERATOR)
    view = presence.members(None, DEFAULT_CLIENT, "room.1")
    assert (view.member_count, view.subscriber_count, view.members, presence.member_count) == (0, 1, (), 0)


async def test_a_user_is_there_until_the_last_connection_leaves(node: Node, presence: Presence) -> None:
    first, second = enter(node, user("ann")), enter(node, user("ann"))
    since = presence.members(None, DEFAULT_CLIENT, "room.1").members[0].joined_at
    node.hub.unsubscribe(first, "room.1")
    (member,) = presence.members(None, DEFAULT_CLIENT, "room.1").members
    assert (member.connection_ids, member.joined_at) == ((second.id,), since)
    node.connector.leave(second)
    assert presence.members(None, DEFAULT_CLIENT, "room.1") == PresenceView("room.1", 0, 0, ())
    assert presence.member_count == 0


async def test_one_answer_names_a_bounded_number_and_counts_all(node: Node, presence: Presence) -> None:
    for name in ("a", "b", "c", "d"):
        enter(node, user(name))
    view = presence.members(None, DEFAULT_CLIENT, "room.1", 1000)
    assert (view.member_count, names(view)) == (4, ["a", "b", "c"])
    assert names(presence.members(None, DEFAULT_CLIENT, "room.1", 2)) == ["a", "b"]


async def test_a_key_sees_the_channel_of_its_own_client(node: Node, presence: Presence) -> None:
    enter(node, user("ann", ClientId("shop")))
    assert presence.members(KEY, ClientId("shop"), "room.1").member_count == 0
    assert presence.members(None, ClientId("shop"), "room.1").member_count == 1


@pytest.mark.parametrize(
    ("channel", "code"), [("news", "presence_off"), ("room.2", "scope_missing"), ("\n", "invalid_channel")]
)
async def test_what_is_not_told(presence: Presence, channel: str, code: str) -> None:
    narrow = Principal(DEFAULT_CLIENT, KeyId("key_1"), Grants(subscribe=("news", "room.1")))
    with pytest.raises((Denied, Invalid)) as caught:
        presence.members(narrow, DEFAULT_CLIENT, channel)
    assert caught.value.code == code


async def test_the_first_connection_joins_and_the_last_one_leaves(
    node: Node, presence: Presence, told: list[PresenceChange]
) -> None:
    first, second = enter(node, user("ann")), enter(node, user("ann"))
    node.connector.leave(first)
    node.connector.leave(second)
    assert [(change.joined, change.channel, change.member.connection_ids) for change in told] == [
        (True, "room.1", (first.id,)),
        (False, "room.1", (second.id,)),
    ]


async def test_nobody_is_told_of_operators_or_where_the_rule_has_no_join_leave(
    node: Node, presence: Presence, told: list[PresenceChange]
) -> None:
    node.connector.leave(enter(node, OPERATOR))
    node.connector.leave(enter(node, KEY, "hall.1"))
    assert told == []


async def test_while_no_rule_has_presence_the_hub_tells_it_nothing(node: Node, told: list[PresenceChange]) -> None:
    presence = Presence(node.hub, PresenceRules((PresenceRule("*"),)), told.append)
    assert presence not in node.hub.observers
    presence.configure(RULES)
    assert presence in node.hub.observers
    presence.configure(PresenceRules())
    assert presence not in node.hub.observers


async def test_rules_that_change_count_at_once_and_nobody_joins_by_them(node: Node, told: list[PresenceChange]) -> None:
    presence = Presence(node.hub, PresenceRules(), told.append)
    ann = enter(node, user("ann"))
    presence.configure(RULES)
    assert names(presence.members(None, DEFAULT_CLIENT, "room.1")) == ["ann"]
    assert told == []
    node.connector.leave(ann)
    assert [change.joined for change in told] == [False]


async def test_who_is_known_to_be_there_stays_there_since_then(node: Node, presence: Presence) -> None:
    enter(node, user("ann"))
    before = presence.members(None, DEFAULT_CLIENT, "room.1")
    presence.configure(PresenceRules((TOLD,)))
    assert presence.members(None, DEFAULT_CLIENT, "room.1") == before
