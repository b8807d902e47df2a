"""The ring of records, its bounds and its followers."""

from __future__ import annotations

import threading

from notifyd.telemetry.ring import Ring


def fill(ring: Ring, count: int, *, level: int = 20, line: bytes = b'{"n":%d}') -> None:
    for number in range(count):
        ring.append(level, line.replace(b"%d", b"%d" % number))


def numbers(ring: Ring, **options: int) -> list[int]:
    return [record.fields()["n"] for record in ring.tail(100, **options)]


def test_the_newest_are_kept() -> None:
    ring = Ring(3)
    fill(ring, 5)
    assert numbers(ring) == [2, 3, 4]
    assert (len(ring), ring.sequence) == (3, 5)


def test_bytes_are_bounded_too() -> None:
    ring = Ring(1000, max_bytes=100)
    fill(ring, 50, line=b'{"n":%d,"pad":"xxxxxxxxxx"}')
    assert len(ring) < 5
    assert numbers(ring)[-1] == 49


def test_a_tail_is_the_end_in_order() -> None:
    ring = Ring(10)
    fill(ring, 5)
    assert [record.fields()["n"] for record in ring.tail(2)] == [3, 4]
    assert ring.tail(0) == []


def test_levels_and_patterns_choose() -> None:
    ring = Ring(10)
    ring.append(20, b'{"n":1}')
    ring.append(40, b'{"n":2}')
    ring.append(30, b'{"n":12}')
    assert numbers(ring, min_level=30) == [2, 12]
    assert [record.fields()["n"] for record in ring.tail(1, matches=lambda line: "1" in line)] == [12]


def test_followers_read_on_from_where_they_were() -> None:
    ring = Ring(10)
    assert ring.after(0) == []
    fill(ring, 5)
    assert [record.sequence for record in ring.after(2)] == [3, 4, 5]
    assert [record.sequence for record in ring.after(0, limit=2)] == [1, 2]
    assert ring.after(5) == []


def test_a_slow_follower_sees_the_gap() -> None:
    ring = Ring(3)
    fill(ring, 10)
    assert [record.sequence for record in ring.after(2)] == [8, 9, 10]


def test_doorbells_ring_until_they_are_removed() -> None:
    ring, rung = Ring(3), []
    doorbell = rung.append
    ring.add_doorbell(lambda: doorbell(1))
    second = lambda: doorbell(2)  # noqa: E731 it must be one object
    ring.add_doorbell(second)
    ring.append(20, b"{}")
    ring.remove_doorbell(second)
    ring.remove_doorbell(second)
    ring.append(20, b"{}")
    assert sorted(rung) == [1, 1, 2]


def test_threads_append_side_by_side() -> None:
    ring = Ring(10_000)
    threads = [threading.Thread(target=fill, args=(ring, 1000)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.sequence for record in ring.after(0, limit=5000)] == list(range(1, 4001))
