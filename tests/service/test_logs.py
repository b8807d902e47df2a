"""Reading the ring: once, and on and on."""

from __future__ import annotations

import pytest
import trio

from notifyd.errors import Invalid
from notifyd.service.logs import LogBatch, LogPage, LogQuery, Logs
from notifyd.telemetry import Ring


def fill(ring: Ring, first: int, count: int) -> None:
    for number in range(first, first + count):
        ring.append(20, b'{"n":%d}' % number)


def numbers(batches: list[LogBatch]) -> list[int]:
    return [record.fields()["n"] for batch in batches for record in batch.records]


class Reader:
    """Follows, keeps what it gets, and can be held back."""

    def __init__(self, logs: Logs, **query: object) -> None:
        self.batches: list[LogBatch] = []
        self.arrived = trio.Event()
        self.held = trio.Event()
        self._logs = logs
        self._query = LogQuery(**query)  # type: ignore[arg-type]

    async def run(self) -> None:
        await self._logs.follow(self._query, self._take)

    async def _take(self, batch: LogBatch) -> None:
        self.batches.append(batch)
        self.arrived.set()
        await self.held.wait()

    async def until(self, count: int) -> None:
        while len(numbers(self.batches)) < count:
            self.arrived = trio.Event()
            await self.arrived.wait()


async def test_a_tail_filters() -> None:
    ring = Ring(100)
    fill(ring, 0, 30)
    assert numbers([await Logs(ring).tail(LogQuery(lines=2, grep='"n":1'))]) == [18, 19]


@pytest.mark.parametrize("query", [LogQuery(min_level="loud"), LogQuery(grep="(")])
async def test_a_bad_question_is_invalid(query: LogQuery) -> None:
    with pytest.raises(Invalid):
        await Logs(Ring(1)).tail(query)


async def test_following_misses_nothing() -> None:
    ring = Ring(1000)
    fill(ring, 0, 5)
    reader = Reader(Logs(ring), lines=3)
    reader.held.set()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            await reader.until(3)
            await trio.to_thread.run_sync(fill, ring, 5, 500)
            await reader.until(503)
            nursery.cancel_scope.cancel()
    assert numbers(reader.batches) == list(range(2, 505))


async def test_a_slow_follower_is_told_what_it_missed() -> None:
    ring = Ring(10)
    fill(ring, 0, 1)
    reader = Reader(Logs(ring), lines=1)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            await reader.arrived.wait()
            fill(ring, 1, 50)
            reader.held.set()
            await reader.until(11)
            nursery.cancel_scope.cancel()
    assert numbers(reader.batches) == [0, *range(41, 51)]
    assert sum(batch.dropped for batch in reader.batches) == 40


async def test_what_was_missed_is_told_where_nothing_after_it_is_wanted() -> None:
    ring = Ring(10)
    ring.append(40, b'{"n":0}')
    reader = Reader(Logs(ring), lines=1, min_level="error")
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            await reader.arrived.wait()
            fill(ring, 1, 50)
            reader.arrived = trio.Event()
            reader.held.set()
            await reader.arrived.wait()
            nursery.cancel_scope.cancel()
    assert [(len(batch.records), batch.dropped) for batch in reader.batches] == [(1, 0), (0, 40)]


async def test_a_follower_that_leaves_is_forgotten() -> None:
    ring = Ring(10)
    reader = Reader(Logs(ring))
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.run)
            await reader.arrived.wait()
            assert ring._doorbells
            nursery.cancel_scope.cancel()
    assert not ring._doorbells


async def test_pages_go_on_where_the_last_one_ended() -> None:
    ring = Ring(100)
    fill(ring, 0, 5)
    logs = Logs(ring)
    first = await logs.page(LogQuery(lines=2))
    assert [record.fields()["n"] for record in first.records] == [3, 4]
    assert await logs.page(LogQuery(), first.sequence) == LogPage([], first.sequence)
    fill(ring, 5, 2)
    second = await logs.page(LogQuery(lines=1), first.sequence)
    assert [record.fields()["n"] for record in second.records] == [5, 6]
    assert (second.sequence, second.dropped) == (7, 0)


async def test_a_page_tells_what_was_missed_and_leaves_out_what_does_not_fit() -> None:
    ring = Ring(3)
    fill(ring, 0, 8)
    page = await Logs(ring).page(LogQuery(grep="6"), 2)
    assert [record.fields()["n"] for record in page.records] == [6]
    assert (page.sequence, page.dropped) == (8, 3)


async def test_a_place_that_is_not_there_yet_is_of_another_life() -> None:
    ring = Ring(10)
    fill(ring, 0, 2)
    page = await Logs(ring).page(LogQuery(), 70)
    assert (len(page.records), page.sequence) == (2, 2)
