from __future__ import annotations

from notifyd.redislink.commands.reply import Reply
from notifyd.redislink.commands.waiting import Waiting


def replies(count: int, size: int = 10) -> list[Reply]:
    return [Reply(bytes(size), None, None) for _ in range(count)]


def test_it_holds_so_many_and_no_more() -> None:
    waiting = Waiting(3)
    first, *rest = replies(4)
    assert [waiting.add(reply) for reply in (first, *rest)] == [True, True, True, False]
    assert waiting.take() == [first, *rest[:2]]
    assert waiting.add(rest[2])
    assert len(waiting) == 1


def test_what_is_large_goes_alone_and_is_bounded_in_bytes() -> None:
    waiting = Waiting(10_000)
    large = replies(300, 1 << 20)
    taken = sum(waiting.add(reply) for reply in large)
    assert 256 <= taken <= 257
    assert waiting.take() == large[:1]
    # bytes count until the answer is there
    assert not waiting.add(large[0])
    waiting.settled(large[:10])
    assert waiting.add(large[0])


def test_a_thousand_fly_together() -> None:
    waiting = Waiting(10_000)
    for reply in replies(2500):
        waiting.add(reply)
    assert [len(waiting.take()) for _ in range(4)] == [1000, 1000, 500, 0]


def test_what_waits_too_long_is_overdue_however_much_is_settled_meanwhile() -> None:
    waiting = Waiting(10)
    early, late = replies(2)
    waiting.add(early)
    assert not waiting.is_overdue(0, 5)
    waiting.add(late)
    assert not waiting.is_overdue(5, 5)
    assert waiting.is_overdue(6, 5)
    waiting.settled([early])
    assert not waiting.is_overdue(7, 5)
    assert waiting.is_overdue(11, 5)
    waiting.settled([late])
    assert not waiting.is_overdue(12, 5)
