"""What is worked on, in which order, how much of it waits, and what is told at the end."""

from typing import Any

import pytest
import trio
import trio.testing

from notifyctl.listening.working.worker import Worker


def publication(number: int) -> dict[str, Any]:
    return {"id": f"n_{number}", "data": "x" * 100}


class Desk:
    """A job that ends when the test says so."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._ends: dict[str, tuple[trio.Event, list[str]]] = {}

    async def __aenter__(self) -> "Desk":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def __call__(self, publication: dict[str, Any], body: bytes) -> str:
        assert publication["id"].encode() in body
        self.begun.append(publication["id"])
        event, words = self._ends.setdefault(publication["id"], (trio.Event(), []))
        await event.wait()
        return words[0]

    async def end(self, number: int, problem: str = "") -> None:
        event, words = self._ends.setdefault(f"n_{number}", (trio.Event(), []))
        words.append(problem)
        event.set()
        await trio.testing.wait_all_tasks_blocked()


class Bench:
    def __init__(self, **options: Any) -> None:
        self.desk = Desk()
        self.notes: list[str] = []
        self.settled: list[tuple[str, str]] = []
        self.worker = Worker(self.desk, self.notes.append, **options)

    def put(self, number: int) -> None:
        name = f"n_{number}"
        self.worker.put(publication(number), lambda problem: self.settled.append((name, problem)))


async def started(nursery: trio.Nursery, **options: Any) -> Bench:
    bench = Bench(**options)
    nursery.start_soon(bench.worker.run)
    for number in (1, 2, 3):
        bench.put(number)
    await trio.testing.wait_all_tasks_blocked()
    return bench


async def test_one_at_a_time_is_in_order(nursery: trio.Nursery):
    bench = await started(nursery)
    assert bench.desk.begun == ["n_1"]
    await bench.desk.end(1)
    assert bench.desk.begun == ["n_1", "n_2"]
    assert bench.settled == [("n_1", "")]


async def test_several_at_a_time(nursery: trio.Nursery):
    bench = await started(nursery, at_once=2)
    assert bench.desk.begun == ["n_1", "n_2"]
    await bench.desk.end(2)
    assert bench.desk.begun == ["n_1", "n_2", "n_3"]


async def test_what_failed_is_told_and_counted(nursery: trio.Nursery):
    bench = await started(nursery, acked=True)
    await bench.desk.end(1, "exit status 3")
    await bench.desk.end(2)
    assert bench.settled == [("n_1", "exit status 3"), ("n_2", "")]
    assert bench.notes == ["n_1: exit status 3; it is to come again."]
    assert bench.worker.tally.sentence() == "2 handled: 1 done, 1 failed."


async def test_it_has_enough_when_the_last_one_is_done(nursery: trio.Nursery):
    bench = await started(nursery, count=3, at_once=3)
    with trio.move_on_after(0) as waited:
        await bench.worker.room()
    assert waited.cancelled_caught, "no more is taken"
    for number in (3, 1):
        await bench.desk.end(number)
    assert not bench.worker.enough.is_set()
    await bench.desk.end(2)
    assert bench.worker.enough.is_set()


async def test_the_end_waits_for_what_runs_and_begins_nothing(nursery: trio.Nursery):
    bench = await started(nursery)
    finished = trio.Event()

    async def finish() -> None:
        await bench.worker.finish()
        finished.set()

    nursery.start_soon(finish)
    await trio.testing.wait_all_tasks_blocked()
    assert not finished.is_set()
    await bench.desk.end(1)
    assert finished.is_set()
    assert (bench.desk.begun, bench.settled) == (["n_1"], [("n_1", "")])


@pytest.mark.parametrize(("bound", "most"), [("_MOST_WAITING", 2), ("_MOST_WAITING_BYTES", 200)])
async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch, nursery: trio.Nursery, bound: str, most: int):
    monkeypatch.setattr(f"notifyctl.listening.working.worker.{bound}", most)
    bench = await started(nursery)
    with trio.move_on_after(0) as waited:
        await bench.worker.room()
    assert waited.cancelled_caught
    await bench.desk.end(1)
    with trio.fail_after(20):
        await bench.worker.room()
