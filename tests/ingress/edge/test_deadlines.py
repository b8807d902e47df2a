"""The shared timer, on a clock that jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from notifyd.ingress.edge.deadlines import RESOLUTION_SECONDS, Deadlines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


Clock = trio.testing.MockClock  # pytest-trio takes it as the clock where the test itself asks for it


@pytest.fixture
async def deadlines(nursery: trio.Nursery) -> AsyncIterator[Deadlines]:
    timer = Deadlines()
    nursery.start_soon(timer.run)
    await trio.testing.wait_all_tasks_blocked()
    yield timer
    nursery.cancel_scope.cancel()


async def test_calls_come_in_time_and_in_order(deadlines: Deadlines, autojump_clock: Clock) -> None:
    start = trio.current_time()
    called: list[tuple[str, float]] = []

    def call(name: str) -> Any:
        return lambda: called.append((name, trio.current_time() - start))

    for name, after in (("c", 30), ("a", 0.5), ("b", 2)):
        deadlines.at(start + after, call(name))
    await trio.sleep(60)
    assert [name for name, _ in called] == ["a", "b", "c"]
    for (_, passed), due in zip(called, (0.5, 2, 30), strict=True):
        assert due <= passed <= due + RESOLUTION_SECONDS + 0.001


@pytest.mark.parametrize("wait", [0.05, 0.2, 0.3, 1, 20])
async def test_a_call_is_late_by_a_hundredth_of_its_wait(
    deadlines: Deadlines, autojump_clock: Clock, wait: float
) -> None:
    await trio.sleep(1 / 3)
    start = trio.current_time()
    called: list[float] = []
    deadlines.at(start + wait, lambda: called.append(trio.current_time() - start))
    await trio.sleep(wait + 1)
    assert wait <= called[0] <= wait + max(0.001, min(wait / 100, RESOLUTION_SECONDS)) + 1e-6


async def test_calls_of_one_moment_come_together(deadlines: Deadlines, autojump_clock: Clock) -> None:
    start = trio.current_time()
    called: list[float] = []
    for number in range(40):
        deadlines.at(start + 25.005 + number / 1000, lambda: called.append(trio.current_time()))
    await trio.sleep(30)
    assert len(called) == 40
    assert len(set(called)) == 1


async def test_one_that_is_set_anew_for_the_past_does_not_keep_the_others_waiting(
    deadlines: Deadlines, autojump_clock: Clock
) -> None:
    called: list[str] = []

    def again() -> None:
        called.append("again")
        if len(called) < 5:
            deadlines.at(1, again)

    deadlines.at(1, again)
    deadlines.at(1, lambda: called.append("other"))
    await trio.sleep(3)
    assert "other" in called[:2]
    assert len(called) == 5


async def test_a_cancelled_call_does_not_come(deadlines: Deadlines, autojump_clock: Clock) -> None:
    called: list[str] = []
    kept = deadlines.at(trio.current_time() + 1, lambda: called.append("kept"))
    deadlines.at(trio.current_time() + 1, lambda: called.append("cancelled")).cancel()
    await trio.sleep(2)
    assert called == ["kept"]
    kept.cancel()


async def test_one_that_fires_may_cancel_another_of_the_same_moment(
    deadlines: Deadlines, autojump_clock: Clock
) -> None:
    called: list[int] = []
    pair: list[Any] = []

    def fire(number: int) -> None:
        called.append(number)
        pair[1 - number].cancel()

    pair += [deadlines.at(1, lambda: fire(0)), deadlines.at(1, lambda: fire(1))]
    await trio.sleep(2)
    assert len(called) == 1


async def test_an_earlier_one_wakes_the_sleeper(deadlines: Deadlines, autojump_clock: Clock) -> None:
    called: list[str] = []
    deadlines.at(trio.current_time() + 1000, lambda: called.append("late"))
    await trio.sleep(1)
    deadlines.at(trio.current_time() + 1, lambda: called.append("soon"))
    await trio.sleep(2)
    assert called == ["soon"]


async def test_one_that_is_due_already_comes_at_once(deadlines: Deadlines, autojump_clock: Clock) -> None:
    await trio.sleep(10)
    called = trio.Event()
    deadlines.at(5, called.set)
    with trio.fail_after(1):
        await called.wait()


async def test_one_that_fails_does_not_stop_the_others(deadlines: Deadlines, autojump_clock: Clock) -> None:
    called = trio.Event()
    with capture_logs() as logs:
        deadlines.at(1, lambda: 1 // 0)  # type: ignore[arg-type,return-value]
        deadlines.at(2, called.set)
        with trio.fail_after(5):
            await called.wait()
    assert [line["event"] for line in logs] == ["deadline_failed"]
