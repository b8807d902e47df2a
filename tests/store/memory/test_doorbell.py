from __future__ import annotations

import trio
import trio.testing

from notifyd.store.memory.doorbell import Doorbell


async def test_rings_before_a_wait_are_one_ring(autojump_clock: trio.testing.MockClock) -> None:
    bell = Doorbell()
    bell.ring()
    bell.ring()
    with trio.fail_after(1):
        await bell.wait()
    with trio.move_on_after(1) as scope:
        await bell.wait()
    assert scope.cancelled_caught


async def test_everybody_who_waits_is_woken(autojump_clock: trio.testing.MockClock) -> None:
    bell = Doorbell()
    with trio.fail_after(1):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(bell.wait)
            nursery.start_soon(bell.wait)
            await trio.testing.wait_all_tasks_blocked()
            assert bell.waiting == 2
            bell.ring()
    assert bell.waiting == 0


async def test_who_gives_up_waits_no_more(autojump_clock: trio.testing.MockClock) -> None:
    bell = Doorbell()
    with trio.move_on_after(1):
        await bell.wait()
    assert bell.waiting == 0
