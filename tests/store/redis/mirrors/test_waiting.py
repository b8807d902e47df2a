"""How long one waits for what is not at hand. Nothing here is in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

from notifyd.errors import StoreUnavailable
from notifyd.store.redis.mirrors.mirror import MirrorAttendance

if TYPE_CHECKING:
    from trio.testing import MockClock

PATIENCE_SECONDS = 7.0


class Coming:
    """Stands for a mirror, for what makes mirrors, and for their link."""

    patience_seconds = PATIENCE_SECONDS

    def __init__(self) -> None:
        self.link = self
        self.ready = False
        self.link_is_away = False
        self.arrived = trio.Event()

    def away(self) -> bool:
        return self.link_is_away

    async def wait_ready(self) -> None:
        await self.arrived.wait()

    async def wait(self) -> None:
        here: Any = self
        await MirrorAttendance(here, here).wait()


async def test_it_is_waited_for_no_longer_than_the_patience_lasts(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    with pytest.raises(StoreUnavailable, match="not at hand"):
        await Coming().wait()
    assert trio.current_time() - began == pytest.approx(PATIENCE_SECONDS)


async def test_time_in_which_the_process_stood_still_does_not_count(mock_clock: MockClock) -> None:
    coming = Coming()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(coming.wait)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(10 * PATIENCE_SECONDS)
        await trio.testing.wait_all_tasks_blocked()
        coming.ready = True
        coming.arrived.set()


async def test_who_waits_is_told_soon_that_redis_is_away(autojump_clock: MockClock) -> None:
    coming = Coming()
    coming.link_is_away = True
    began = trio.current_time()
    with pytest.raises(StoreUnavailable):
        await coming.wait()
    assert trio.current_time() - began < 1
