from __future__ import annotations

import pytest

from notifyd.model.ids import DEFAULT_CLIENT, KeyId, UserId
from notifyd.model.principal import ALL_GRANTS, Principal, operator
from notifyd.policy.presence import PresenceRule, PresenceRules, is_operator, member_key

KEY = Principal(DEFAULT_CLIENT, KeyId("key_1"), ALL_GRANTS)
USER = Principal(DEFAULT_CLIENT, KeyId(""), ALL_GRANTS, user_id=UserId("ann"))
RULES = PresenceRules((PresenceRule("room.quiet"), PresenceRule("room.*", presence=True, join_leave=True)))


def test_the_first_rule_that_fits_counts() -> None:
    assert RULES.of("room.1").join_leave
    assert not RULES.of("room.quiet").presence
    assert not RULES.of("news").presence


def test_presence_is_wanted_where_one_rule_has_it() -> None:
    assert RULES.wanted
    assert not PresenceRules((PresenceRule("*"),)).wanted


@pytest.mark.parametrize(("principal", "is_one"), [(operator(DEFAULT_CLIENT), True), (KEY, False), (USER, False)])
def test_who_has_neither_key_nor_user_is_an_operator(principal: Principal, *, is_one: bool) -> None:
    assert is_operator(principal) is is_one


def test_all_connections_of_a_user_are_one_member_and_those_of_a_key_are_not() -> None:
    assert member_key("ann", "a") == member_key("ann", "b")
    assert member_key("", "a") != member_key("", "b")


def test_no_user_is_taken_for_a_connection() -> None:
    assert member_key("a", "b") != member_key("", "a")
