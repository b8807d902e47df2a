"""These use threads, so no autojump clock."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.bridge.worker import Answer, OwnThread, ThreadWorker
from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ERRORS = {OSError: lambda exc: StoreUnavailable(f"told: {exc}")}


class Gate:
    """A call that waits in its thread until it is opened."""

    def __init__(self) -> None:
        self.entered = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._open = threading.Event()
        self.running = 0
        self.most = 0

    def __call__(self) -> str:
        self.running += 1
        self.most = max(self.most, self.running)
        self._token.run_sync_soon(self.entered.set)
        assert self._open.wait(10)
        self.running -= 1
        return "through"

    def open(self) -> None:
        self._open.set()


def fail(error: Exception) -> None:
    raise error


@pytest.fixture(params=["pool", "own"])
def worker(request: pytest.FixtureRequest) -> Iterator[ThreadWorker | OwnThread]:
    if request.param == "pool":
        yield ThreadWorker("notifyd-test", errors=ERRORS)
    else:
        own = OwnThread("notifyd-test", errors=ERRORS)
        yield own
        own.close()


async def test_a_call_is_made_in_another_thread(worker: ThreadWorker | OwnThread) -> None:
    with trio.fail_after(10):
        name = await worker.run(lambda: threading.current_thread() is not threading.main_thread())
        assert name is True
        assert await worker.run(divmod, 7, 2) == (3, 1)


async def test_errors_of_the_driver_are_told_in_our_words(worker: ThreadWorker | OwnThread) -> None:
    with trio.fail_after(10), pytest.raises(StoreUnavailable, match="told: disk is full") as told:
        await worker.run(fail, OSError("disk is full"))
    assert isinstance(told.value.__cause__, OSError)


async def test_a_defect_passes_unchanged(worker: ThreadWorker | OwnThread) -> None:
    with trio.fail_after(10), pytest.raises(ZeroDivisionError):
        await worker.run(fail, ZeroDivisionError())


async def test_a_call_that_began_is_waited_for(worker: ThreadWorker | OwnThread, nursery: trio.Nursery) -> None:
    gate = Gate()
    scope = trio.CancelScope()
    answers: list[str] = []
    answered = trio.Event()

    async def call() -> None:
        with scope:
            answers.append(await worker.run(gate))
        answered.set()

    with trio.fail_after(10):
        nursery.start_soon(call)
        await gate.entered.wait()
        scope.cancel()
        await trio.testing.wait_all_tasks_blocked()
        assert not answered.is_set()
        gate.open()
        await answered.wait()
    assert answers == ["through"]


async def test_a_worker_makes_one_call_at_a_time(worker: ThreadWorker | OwnThread) -> None:
    gate = Gate()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(worker.run, gate)
            await gate.entered.wait()
            gate.open()
    assert gate.most == 1


async def test_a_pool_makes_as_many_calls_at_once_as_it_has_threads() -> None:
    pool = ThreadWorker("notifyd-test", threads=2)
    barrier = threading.Barrier(2, timeout=10)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pool.run, barrier.wait)
            nursery.start_soon(pool.run, barrier.wait)


async def test_answers_come_in_the_order_of_the_calls() -> None:
    own = OwnThread("notifyd-test", errors=ERRORS)
    answers: list[Answer[None]] = []
    calls: list[Callable[[], None]] = [lambda: None, lambda: fail(OSError("no"))]
    with trio.fail_after(10):
        for call in calls:
            own.submit(answers.append, call)
        await own.run(lambda: None)
    assert [type(answer.error) for answer in answers] == [type(None), StoreUnavailable]
    own.close()


async def test_a_closed_thread_ends() -> None:
    own = OwnThread("notifyd-test-ends")
    with trio.fail_after(10):
        thread = await own.run(threading.current_thread)
        own.close()
        await trio.to_thread.run_sync(thread.join, 10)
    assert not thread.is_alive()
