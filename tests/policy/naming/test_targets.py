from __future__ import annotations

import pytest

from notifyd.errors import Invalid
from notifyd.model.command import Publish
from notifyd.model.ids import ConnectionId, UserId
from notifyd.model.notification import Kind
from notifyd.policy.naming.targets import MAX_USER_LENGTH, check_targets, check_user


def targets(kind: Kind, users: tuple[str, ...] = (), connections: tuple[str, ...] = (), *, most: int = 5):
    named = {"users": tuple(map(UserId, users)), "connections": tuple(map(ConnectionId, connections))}
    return check_targets(Publish(kind, "", b"1", **named), most=most)


def test_each_is_named_once_in_the_order_given():
    assert targets(Kind.USERS, ("b", "a", "b"), ("y", "y")) == (("b", "a"), ("y",))
    assert targets(Kind.CONNECTIONS, (), ("y", "x", "y")) == ((), ("y", "x"))


@pytest.mark.parametrize("kind", [Kind.CHANNEL, Kind.BROADCAST])
def test_other_kinds_name_nobody(kind: Kind):
    assert targets(kind) == ((), ())
    with pytest.raises(Invalid):
        targets(kind, ("a",))


@pytest.mark.parametrize(
    ("kind", "users", "connections", "code"),
    [
        (Kind.USERS, (), (), "no_users"),
        (Kind.USERS, (), ("x",), "no_users"),
        (Kind.CONNECTIONS, (), (), "no_connections"),
        (Kind.CONNECTIONS, ("a",), ("x",), "no_connections"),
        (Kind.USERS, ("a", "b", "c"), ("x", "y", "z"), "too_many_targets"),
        (Kind.USERS, ("",), (), "invalid_user"),
        (Kind.CONNECTIONS, (), ("x" * 129,), "invalid_connection"),
    ],
)
def test_what_cannot_be_is_refused(kind, users, connections, code):
    with pytest.raises(Invalid) as refused:
        targets(kind, users, connections)
    assert refused.value.code == code


@pytest.mark.parametrize("name", ["ann", "x" * MAX_USER_LENGTH, "ann@example.com", "42", "Zoë"])
def test_a_user_may_be_named_so(name: str):
    assert check_user(name) == name


@pytest.mark.parametrize("name", ["", "x" * (MAX_USER_LENGTH + 1), "a\nb", "\x00", "\ud800"])
def test_a_user_may_not_be_named_so(name: str):
    with pytest.raises(Invalid):
        check_user(name)
