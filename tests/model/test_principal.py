from __future__ import annotations

from notifyd.model.ids import ClientId, KeyId, UserId
from notifyd.model.principal import ALL_GRANTS, Grants, Principal, operator


def test_a_key_is_counted_under_its_id() -> None:
    assert Principal(ClientId("c"), KeyId("key_1"), Grants()).credential == "key_1"


def test_an_operator_has_no_key_and_may_do_everything() -> None:
    someone = operator(ClientId("c"))
    assert (someone.key_id, someone.credential, someone.grants) == ("", "operator", ALL_GRANTS)


def test_nothing_is_granted_unless_it_is_said() -> None:
    assert Grants() == Grants(publish=(), subscribe=(), broadcast=False)


def test_users_of_the_same_name_are_two_where_their_clients_are() -> None:
    one, other = (Principal(ClientId(client), KeyId(""), Grants(), user_id=UserId("ann")) for client in ("a", "b"))
    assert (one.credential, one.subject, other.subject) == ("user/ann", "a/user/ann", "b/user/ann")
