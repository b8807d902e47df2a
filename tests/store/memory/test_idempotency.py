from __future__ import annotations

from notifyd.model.ids import NotificationId
from notifyd.store.batch import Commit
from notifyd.store.memory.idempotency import IdempotencyKeys
from tests.store.samples import HOUR, T0, idempotency

ONE, TWO = NotificationId("one"), NotificationId("two")


def remember(keys: IdempotencyKeys, name: str, *, expires_at: int = T0 + HOUR) -> None:
    keys.add(idempotency(name, expires_at=expires_at), ONE, Commit())


def test_expired_keys_go_and_are_named() -> None:
    keys = IdempotencyKeys(max_count=10)
    remember(keys, "a", expires_at=T0 + 1)
    remember(keys, "b")
    assert keys.trim(now=T0) == []
    assert keys.trim(now=T0 + 1) == [("c", "a")]
    assert len(keys) == 1


def test_the_oldest_keys_go_when_there_are_too_many() -> None:
    keys = IdempotencyKeys(max_count=2)
    for name in "abcd":
        remember(keys, name)
    assert keys.trim(now=T0) == [("c", "a"), ("c", "b")]


def test_keys_are_trimmed_a_thousand_at_a_time() -> None:
    keys = IdempotencyKeys(max_count=0)
    for number in range(1500):
        remember(keys, str(number))
    assert [len(keys.trim(now=T0)) for _ in range(3)] == [1000, 500, 0]


def test_a_key_is_forgotten_only_for_its_own_notification() -> None:
    keys = IdempotencyKeys(max_count=2)
    key = idempotency()
    keys.add(key, ONE, Commit())
    keys.add(key, TWO, Commit())
    keys.forget(key, ONE)
    assert len(keys) == 1
    keys.forget(key, TWO)
    keys.forget(key, TWO)
    assert len(keys) == 0
