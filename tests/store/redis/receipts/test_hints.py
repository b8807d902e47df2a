"""Which shard a notification was seen in."""

from __future__ import annotations

from notifyd.model.ids import NotificationId
from notifyd.store.redis.receipts.hints import _MOST, Hints


def ids(first: int, count: int) -> list[NotificationId]:
    return [NotificationId(f"n{number}") for number in range(first, first + count)]


def test_what_was_seen_lately_is_known_and_the_rest_is_forgotten() -> None:
    hints = Hints()
    old, middle, new = ids(0, _MOST + 1), ids(_MOST + 1, _MOST + 1), ids(3 * _MOST, 1)
    for shard, seen in enumerate((old, middle, new)):
        hints.remember(shard, seen)
    assert [hints.find(each[0]) for each in (old, middle, new)] == [None, 1, 2]
