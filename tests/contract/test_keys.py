"""What every store of API keys promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from notifyd.model.ids import DEFAULT_CLIENT, KeyId
from notifyd.model.key import ApiKey

if TYPE_CHECKING:
    from notifyd.store.record_ports import KeyStore, Records


@pytest.fixture
def keys(records: Records) -> KeyStore:
    return records.keys


@pytest.fixture
def key() -> ApiKey:
    return ApiKey(
        KeyId("k1"),
        DEFAULT_CLIENT,
        "Zoë's key",
        "ab" * 32,
        ("publish:*",),
        1000,
        expires_at=2000,
        allowed_cidrs=("10.0.0.0/8",),
        previous_digest="cd" * 32,
        previous_until=3000,
    )


async def test_what_was_put_is_loaded(keys: KeyStore, key: ApiKey) -> None:
    other = msgspec.structs.replace(key, id=KeyId("k2"), last_used_at=5)
    await keys.put(key)
    await keys.put(other)
    assert sorted(await keys.load(), key=lambda k: k.id) == [key, other]


async def test_a_put_replaces_the_record(keys: KeyStore, key: ApiKey) -> None:
    await keys.put(key)
    revoked = msgspec.structs.replace(key, revoked_at=1500)
    await keys.put(revoked)
    assert await keys.load() == [revoked]


async def test_the_last_use_never_goes_back(keys: KeyStore, key: ApiKey) -> None:
    await keys.put(key)
    await keys.touch({key.id: 1700, KeyId("unknown"): 1})
    await keys.touch({key.id: 1600})
    await keys.put(key)
    assert [k.last_used_at for k in await keys.load()] == [1700]


async def test_a_key_that_was_revoked_stays_revoked(keys: KeyStore, key: ApiKey) -> None:
    await keys.put(msgspec.structs.replace(key, revoked_at=1500))
    await keys.put(msgspec.structs.replace(key, name="new"))
    assert await keys.load() == [msgspec.structs.replace(key, name="new", revoked_at=1500)]
    await keys.remove(key.id)
    await keys.put(key)
    assert await keys.load() == [key]


async def test_a_removed_key_is_gone(keys: KeyStore, key: ApiKey) -> None:
    await keys.put(key)
    await keys.remove(key.id)
    await keys.remove(key.id)
    assert await keys.load() == []
