from __future__ import annotations

from notifyd.model.ids import ClientId, KeyId
from notifyd.model.key import ApiKey


def test_a_key_is_good_for_ever_and_from_anywhere_unless_it_is_said() -> None:
    key = ApiKey(KeyId("key_1"), ClientId("c"), "demo", "digest", (), 1000)
    assert (key.expires_at, key.allowed_cidrs, key.revoked_at, key.last_used_at) == (None, (), None, None)
    assert (key.previous_digest, key.previous_until) == ("", None)
