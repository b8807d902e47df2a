"""The clients in memory."""

from __future__ import annotations

import pytest

from notifyd.clock import now_ms
from notifyd.errors import NotFound
from notifyd.model.client import Client
from notifyd.model.ids import ClientId
from notifyd.service.clients.registry import Entry, Registry, Secret

SHOP, OTHER = ClientId("shop"), ClientId("other")


class Open(Registry):
    """A registry that a test fills."""

    def put(
        self, client_id: ClientId, *secrets: Secret, url: str = "", cookie_name: str = "", created_at: int = 0
    ) -> None:
        client = Client(client_id, "name", "sealed", created_at=created_at, url=url, cookie_name=cookie_name)
        self._put(Entry(client, secrets or (Secret("in force"),)))

    def forget(self, client_id: ClientId) -> None:
        self._forget(client_id)

    def leave(self, client_id: ClientId) -> None:
        self._leaving.add(client_id)


@pytest.fixture
def registry() -> Open:
    return Open()


def test_clients_are_found_and_listed_oldest_first(registry: Open) -> None:
    registry.put(OTHER, created_at=2)
    registry.put(SHOP, created_at=1)
    assert ([client.id for client in registry.list()], len(registry)) == ([SHOP, OTHER], 2)
    assert (registry.get(SHOP).id, registry.find(ClientId("none"))) == (SHOP, None)
    with pytest.raises(NotFound) as refused:
        registry.get(ClientId("none"))
    assert refused.value.code == "client_not_found"


def test_clients_of_one_moment_keep_their_order(registry: Open) -> None:
    names = [ClientId(name) for name in ("c", "a", "b")]
    for name in (*names, names[0]):
        registry.put(name, created_at=7)
    assert [client.id for client in registry.list()] == names


def test_one_that_is_leaving_is_not_known_any_more(registry: Open) -> None:
    registry.put(SHOP)
    registry.leave(SHOP)
    with pytest.raises(NotFound):
        registry.known(SHOP)
    assert registry.get(SHOP).id == SHOP


def test_the_secret_before_is_good_for_a_while(registry: Open) -> None:
    now = now_ms()
    old, gone = Secret("old", now + 60_000), Secret("gone", now - 1)
    registry.put(SHOP, Secret("in force"), old, gone)
    assert [registry.is_secret(SHOP, text) for text in ("in force", "old", "gone", "\ud800", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    current = registry.secrets_of(SHOP)[0]
    assert [registry.ends_at(SHOP, digest) for digest in (current.digest, old.digest, gone.digest)] == [
        None, now + 60_000, 0,
    ]  # fmt: skip


def test_of_an_unknown_client_nothing_is_a_secret(registry: Open) -> None:
    assert registry.secrets_of(OTHER) == ()
    assert (registry.is_secret(OTHER, ""), registry.ends_at(OTHER, "x")) == (False, 0)
    assert (registry.origin_of(OTHER), registry.cookie_name_of(OTHER)) == ("", "")


def test_an_origin_is_known_as_long_as_a_client_has_it(registry: Open) -> None:
    registry.put(SHOP, url="https://shop.example/a", cookie_name="c")
    registry.put(OTHER, url="https://shop.example/b")
    assert (registry.origin_of(SHOP), registry.cookie_name_of(SHOP)) == ("https://shop.example", "c")
    registry.put(SHOP, url="https://new.example")
    assert [registry.has_origin(f"https://{host}.example") for host in ("shop", "new")] == [True, True]
    registry.forget(OTHER)
    assert not registry.has_origin("https://shop.example")
    assert not registry.has_origin("")


def test_a_secret_is_never_shown() -> None:
    secret = Secret("swordfish")
    assert "swordfish" not in repr(secret) + secret.digest
