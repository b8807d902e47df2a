from __future__ import annotations

from notifyd.model.durable import DurableKey, owner_of
from notifyd.model.ids import DEFAULT_CLIENT


def test_one_is_of_a_user_or_of_the_clients_keys() -> None:
    assert DurableKey(DEFAULT_CLIENT, "news", "user/user/ann", "audit").user_id == "user/ann"
    assert DurableKey(DEFAULT_CLIENT, "news", "", "audit").user_id == ""


def test_an_owner_tells_whose_it_is() -> None:
    for user_id in ("ann", "user/ann", ""):
        assert DurableKey(DEFAULT_CLIENT, "news", owner_of(user_id), "audit").user_id == user_id
