"""Whose things a call is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notifyd.errors import Denied
from notifyd.ingress.edge.rest.whose import check_own, client_of, user_of
from notifyd.model.ids import ClientId, KeyId, UserId
from notifyd.model.principal import Grants, Principal
from tests.ingress.rest.calls import call_of

if TYPE_CHECKING:
    from notifyd.ingress.edge.rest.call import Call

ALICE = Principal(ClientId("shop"), KeyId(""), Grants(), user_id=UserId("alice"))


def of_alice(query: str = "") -> Call:
    call = call_of(query)
    call.principal = ALICE
    return call


def test_an_operator_names_the_client() -> None:
    assert [client_of(call_of(query)) for query in ("clientId=shop", "clientId=", "")] == ["shop", "default", "default"]


def test_a_user_has_only_its_own() -> None:
    assert client_of(of_alice("clientId=other")) == "shop"
    assert [user_of(of_alice(), named) for named in (None, "bob")] == ["alice", "alice"]
    check_own(of_alice(), client_id=None, user_id=None)
    check_own(of_alice(), client_id="shop", user_id="alice")


@pytest.mark.parametrize(("client_id", "user_id"), [("other", "alice"), ("shop", "bob"), ("", None), (None, "")])
def test_of_somebody_else_nothing_is_told(client_id: str | None, user_id: str | None) -> None:
    with pytest.raises(Denied) as refused:
        check_own(of_alice(), client_id=client_id, user_id=user_id)
    assert (refused.value.code, str(refused.value)) == ("wrong_user", "the token is of another user")


def test_an_operator_may_ask_about_anybody() -> None:
    check_own(call_of(), client_id="shop", user_id="bob")
    assert [user_of(call_of(), named) for named in ("bob", None)] == ["bob", ""]
