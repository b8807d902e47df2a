from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from notifyd.policy.naming.ids import new_connection_id, new_key_id, new_notification_id

INSTANTS = st.integers(0, (1 << 48) - 1)


@given(INSTANTS)
def test_a_notification_id_is_a_uuid_of_version_7(now: int) -> None:
    parsed = uuid.UUID(new_notification_id(now))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == now


@given(INSTANTS, INSTANTS)
def test_notification_ids_rise_with_the_time(one: int, other: int) -> None:
    if one < other:
        assert new_notification_id(one) < new_notification_id(other)


def test_ids_of_one_instant_differ() -> None:
    assert len({new_notification_id(7) for _ in range(1000)}) == 1000


def test_connection_ids_are_sixteen_random_bytes() -> None:
    assert new_connection_id() != new_connection_id()
    assert len(bytes.fromhex(new_connection_id())) == 16


def test_key_ids_say_what_they_are() -> None:
    assert new_key_id() != new_key_id()
    assert new_key_id().startswith("key_")
