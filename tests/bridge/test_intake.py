"""The intake between a real thread and a task."""

from __future__ import annotations

import pytest
import trio

from notifyd.bridge.intake import Intake
from notifyd.bridge.portal import Gone

in_thread = trio.to_thread.run_sync


def intake_of(limit: int) -> Intake[int]:
    return Intake(trio.lowlevel.current_trio_token(), limit)


async def take_all(intake: Intake[int]) -> list[int]:
    items: list[int] = []
    while batch := await intake.take():
        items += batch
    return items


def put_all(intake: Intake[int], count: int) -> None:
    for number in range(count):
        intake.put(number)
    intake.end()


@pytest.mark.parametrize("limit", [1, 7, 1000])
async def test_everything_comes_in_order(limit: int) -> None:
    intake = intake_of(limit)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_thread, put_all, intake, 500)
            assert await take_all(intake) == list(range(500))


async def test_what_has_arrived_is_taken_together() -> None:
    intake = intake_of(10)
    await in_thread(put_all, intake, 5)
    assert await intake.take() == [0, 1, 2, 3, 4]
    assert await intake.take() == []


async def test_a_thread_waits_for_room() -> None:
    intake = intake_of(2)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(in_thread, put_all, intake, 4)
            items = await intake.take()
            while len(items) < 4:
                batch = await intake.take()
                assert len(batch) <= 2
                items += batch
    assert items == [0, 1, 2, 3]


async def test_an_abandoned_intake_lets_its_thread_go() -> None:
    intake = intake_of(1)

    async def expect_gone() -> None:
        with pytest.raises(Gone):
            await in_thread(put_all, intake, 4)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_gone)
            await intake.take()
            intake.abandon()
