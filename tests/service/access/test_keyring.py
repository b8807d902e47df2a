from __future__ import annotations

import pytest

from notifyd.errors import Denied, NotAuthenticated
from notifyd.model.ids import DEFAULT_CLIENT, KeyId
from notifyd.model.key import ApiKey
from notifyd.service.access.keyring import MAX_KEY_LENGTH, KeyRing, digest_of


def ring_with(key: str = "secret", **fields: object) -> KeyRing:
    ring = KeyRing()
    ring.load([ApiKey(KeyId("key_1"), DEFAULT_CLIENT, "demo", digest_of(key), ("subscribe:a",), 1, **fields)])  # type: ignore[arg-type]
    return ring


def test_who_has_the_key_is_its_principal() -> None:
    principal = ring_with(expires_at=100).authenticate("secret", address="", now=99)
    assert (principal.client_id, principal.key_id, principal.expires_at) == ("default", "key_1", 100)
    assert principal.grants.subscribe == ("a",)


@pytest.mark.parametrize("key", ["", "Secret", "secret ", "\ud800", "key_1", "x" * (MAX_KEY_LENGTH + 1)])
def test_another_text_is_no_key(key: str) -> None:
    with pytest.raises(NotAuthenticated) as problem:
        ring_with().authenticate(key, address="", now=0)
    assert problem.value.code == "invalid_api_key"


def test_a_longer_text_is_not_even_hashed() -> None:
    long = "x" * (MAX_KEY_LENGTH + 1)
    with pytest.raises(NotAuthenticated):
        ring_with(long).authenticate(long, address="", now=0)
    assert ring_with(long).find(long) is None


def test_it_ends_at_its_instant() -> None:
    with pytest.raises(NotAuthenticated) as problem:
        ring_with(expires_at=100).authenticate("secret", address="", now=100)
    assert problem.value.code == "api_key_expired"


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"])
def test_it_may_be_used_from_its_networks(address: str) -> None:
    ring = ring_with(allowed_cidrs=("10.0.0.0/8", "2001:db8::/32"))
    assert ring.authenticate("secret", address=address, now=0)


@pytest.mark.parametrize("address", ["11.1.2.3", "::1", "::ffff:11.1.2.3", "", "unix", "10.1.2.3 "])
def test_and_from_nowhere_else(address: str) -> None:
    ring = ring_with(allowed_cidrs=("10.0.0.0/8", "2001:db8::/32"))
    with pytest.raises(Denied) as problem:
        ring.authenticate("secret", address=address, now=0)
    assert problem.value.code == "address_not_allowed"
    assert ring.touched == {}


def test_a_use_is_remembered_until_it_is_kept() -> None:
    ring = ring_with()
    ring.authenticate("secret", address="", now=7)
    record = ring.records()[0]
    assert (record.last_used_at, ring.last_used_at(record)) == (None, 7)


def test_a_forgotten_record_leaves_nothing() -> None:
    ring = ring_with(previous_digest=digest_of("before"), previous_until=100)
    ring.authenticate("secret", address="", now=7)
    ring.forget(KeyId("key_1"))
    assert (len(ring), ring.records(), ring.touched) == (0, [], {})
    assert ring.find("secret") is ring.find("before") is ring.find("key_1") is None


def test_the_use_of_a_forgotten_record_is_nobodys() -> None:
    ring = ring_with()
    ring.used({KeyId("key_1"): 7, KeyId("key_2"): 8})
    assert ring.records()[0].last_used_at == 7
