from __future__ import annotations

import pytest
import trio
import trio.testing

from notifyd.model.ids import NotificationId
from notifyd.store.memory.bells import Bells

ONE, OTHER = NotificationId("one"), NotificationId("other")


@pytest.fixture
def bells() -> Bells:
    return Bells()


async def test_nothing_is_left_of_whoever_does_not_wait_any_more(bells: Bells) -> None:
    for _ in range(2):
        with trio.move_on_after(0):
            await bells.wait(ONE)
    assert len(bells) == 0
    assert bells._bells == {}


async def test_one_who_leaves_does_not_take_the_bell_with_him(bells: Bells) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bells.wait, ONE)
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0):
            await bells.wait(ONE)
        assert len(bells) == 1
        bells.ring(ONE)


async def test_a_ring_is_for_those_who_wait_then(bells: Bells) -> None:
    bells.ring(ONE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bells.wait, ONE)
        await trio.testing.wait_all_tasks_blocked()
        bells.ring_all([ONE, OTHER])
        # the first has not run yet
        with trio.move_on_after(0) as patience:
            await bells.wait(ONE)
        assert patience.cancelled_caught
    assert len(bells) == 0
