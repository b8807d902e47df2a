from __future__ import annotations

from msgspec.structs import replace

from notifyd.model.ids import ClientId, KeyId
from notifyd.model.key import ApiKey


def test_a_key_is_good_for_ever_and_from_anywhere_unless_it_is_said() -> None:
    key = ApiKey(KeyId("key_1"), ClientId("c"), "demo", "digest", (), 1000)
    assert (key.expires_at, key.allowed_cidrs, key.revoked_at, key.last_used_at) == (None, (), None, None)
    assert (key.previous_digest, key.previous_until) == ("", None)


def test_a_key_ends_with_its_record_its_overlap_or_at_its_replacement() -> None:
    key = ApiKey(
        KeyId("key_1"), ClientId("c"), "demo", "new", (), 1000, expires_at=3000, previous_digest="old",
        previous_until=2000,
    )  # fmt: skip
    assert [key.ends_at(digest) for digest in ("new", "old", "older", "")] == [3000, 2000, 0, 0]
    assert replace(key, expires_at=1500).ends_at("old") == 1500
    assert replace(key, expires_at=None).ends_at("new") is None
    assert replace(key, previous_digest="").ends_at("") == 0
    assert replace(key, revoked_at=1200).ends_at("new") == 0


def test_how_a_key_stands() -> None:
    key = ApiKey(KeyId("key_1"), ClientId("c"), "demo", "new", (), 1000, expires_at=3000, previous_until=2000)
    assert [key.status(now) for now in (2999, 3000)] == ["active", "expired"]
    assert [key.overlaps_until(now) for now in (1999, 2000)] == [2000, None]
    assert replace(key, revoked_at=1200).status(1300) == "revoked"
