"""A real asyncio loop in a real thread."""

from __future__ import annotations

import asyncio
import threading

import pytest
import trio
import trio.testing

from notifyd.bridge.asyncio_host import AsyncioHost

pytestmark = pytest.mark.usefixtures("deadline")


@pytest.fixture
def deadline(nursery: trio.Nursery) -> None:
    nursery.cancel_scope.deadline = trio.current_time() + 10


async def test_both_sides_call_each_other_in_order() -> None:
    host, heard, thread = AsyncioHost("guest"), [], []

    async def main() -> None:
        thread.append(threading.current_thread().name)
        asked: asyncio.Queue[int] = asyncio.Queue()
        host.send(put.append, asked)
        host.send(started.set)
        while (number := await asked.get()) >= 0:
            host.send(heard.append, number)
        host.send(heard.append, -1)

    put: list[asyncio.Queue[int]] = []
    started = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, main)
        await started.wait()
        for number in (1, 2, 3, -1):
            assert host.post(put[0].put_nowait, number)
    await trio.testing.wait_all_tasks_blocked()
    assert heard == [1, 2, 3, -1]
    assert thread == ["guest"]


async def test_what_it_raises_is_raised_here() -> None:
    async def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await AsyncioHost("guest").run(main)


async def test_cancelling_ends_it_after_it_has_cleaned_up() -> None:
    host, ended, started = AsyncioHost("guest"), [], trio.Event()

    async def main() -> None:
        host.send(started.set)
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            ended.append(True)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.run, main)
        await started.wait()
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    assert ended == [True]
    assert not host.post(ended.clear)


async def test_it_runs_again_after_it_has_ended() -> None:
    host, runs = AsyncioHost("guest"), []

    async def main() -> None:
        runs.append(len(runs))

    for _ in range(2):
        await host.run(main)
    assert runs == [0, 1]


async def test_nobody_listens_before_it_runs() -> None:
    assert AsyncioHost("guest").post(print) is False


async def test_sending_to_a_trio_that_has_ended() -> None:
    async def make() -> AsyncioHost:
        return AsyncioHost("guest")

    host = await trio.to_thread.run_sync(trio.run, make)
    assert host.send(print) is False
