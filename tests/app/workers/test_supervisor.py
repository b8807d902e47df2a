from __future__ import annotations

import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from msgspec import structs

from notifyd.app.workers import life, supervisor
from notifyd.app.workers.messages import Start
from notifyd.app.workers.supervisor import Plan, Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.service.daemon import Listener

STANDIN = Path(__file__).with_name("standin.py")
PATIENCE = 30


class Watched:
    """A supervisor of stand-ins, and what came of it."""

    def __init__(self, folder: Path, count: int, *words: str, drain_seconds: float = 1.0) -> None:
        self.folder = folder
        self.ready = trio.Event()
        self.ended = trio.Event()
        self.stopping = 0
        self.listeners: list[Listener] = []
        self.status: int | None = None
        first = Start(0, count, os.getpid(), str(folder / "a.sock"), None, {}, dev=False, ports={"server.port": 4321})
        starts = [structs.replace(first, index=index) for index in range(count)]
        command = [sys.executable, "-S", "-E", str(STANDIN), str(folder), *words]
        self.supervisor = Supervisor(Plan(command, starts, drain_seconds), self._serves, self._stops)

    def _serves(self, listeners: list[Listener]) -> None:
        self.listeners = listeners
        self.ready.set()

    def _stops(self) -> None:
        self.stopping += 1

    async def run(self) -> None:
        self.status = await self.supervisor.run()
        self.ended.set()

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    async def written(self, name: str, count: int) -> None:
        """Wait for so many lines."""
        while len(self.lines(name)) < count:  # noqa: ASYNC110 - another process writes them
            await trio.sleep(0.01)

    async def lives(self, count: int) -> list[tuple[str, int]]:
        """Wait for so many lives: number and process of each."""
        while len(self.lines("lives")) < count:  # noqa: ASYNC110 - another process writes them
            await trio.sleep(0.01)
        return [(number, int(pid)) for number, pid in (line.split() for line in self.lines("lives"))]


@asynccontextmanager
async def watched(folder: Path, count: int, *words: str, drain_seconds: float = 1.0) -> AsyncIterator[Watched]:
    """Have *count* stand-ins; those that still run in the end are told to go at once."""
    running = Watched(folder, count, *words, drain_seconds=drain_seconds)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running.run)
            yield running
            running.supervisor.hurry()
            await running.ended.wait()


async def test_it_is_ready_when_all_are_and_ends_with_them(tmp_path: Path) -> None:
    async with watched(tmp_path, 3) as daemon:
        await daemon.ready.wait()
        assert daemon.lines("lives")[0].startswith("0 ")
        assert sorted(line.split()[0] for line in daemon.lines("lives")) == ["0", "1", "2"]
        assert daemon.listeners[0].url == "http://127.0.0.1:4321"
        await daemon.written("serving", 3)
        daemon.supervisor.drain(0.5)
        daemon.supervisor.drain(9)
        await daemon.ended.wait()
    assert (daemon.status, daemon.stopping) == (0, 1)
    assert sorted(daemon.lines("orders")) == [f"{index} drain 0.5" for index in range(3)]


async def test_one_that_is_killed_is_started_anew(tmp_path: Path) -> None:
    async with watched(tmp_path, 2) as daemon:
        await daemon.ready.wait()
        (_, first), (_, second) = await daemon.lives(2)
        os.kill(second, signal.SIGKILL)
        assert (await daemon.lives(3))[2][0] == "1"
        os.kill(first, signal.SIGKILL)
        assert (await daemon.lives(4))[3][0] == "0"
        assert not daemon.ended.is_set()
        # those that come later find the daemon ready
        await daemon.written("late", 2)


@pytest.mark.parametrize("words", [("fails-0",), ("fails-1",)])
async def test_what_cannot_start_at_first_ends_all_with_its_status(tmp_path: Path, words: tuple[str, ...]) -> None:
    async with watched(tmp_path, 2, *words) as daemon:
        await daemon.ended.wait()
    assert (daemon.status, daemon.ready.is_set()) == (3, False)
    assert len(daemon.lines("lives")) == int(words[0][-1]) + 1  # the second is not tried where the first fails


async def test_one_that_dies_while_the_others_start_is_started_anew(tmp_path: Path) -> None:
    async with watched(tmp_path, 2, "dies-0") as daemon:
        await daemon.ready.wait()
        assert len(daemon.lines("lives")) == 3


async def test_when_nothing_can_be_started_any_more_it_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_MOST_FAILURES", 2)
    async with watched(tmp_path, 2, "fails-later-0", "fails-later-1") as daemon:
        await daemon.ready.wait()
        for _, pid in await daemon.lives(2):
            os.kill(pid, signal.SIGKILL)
        await daemon.ended.wait()
    assert daemon.status == 3


async def test_while_another_serves_it_goes_on_trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_MOST_FAILURES", 2)
    monkeypatch.setattr(supervisor, "_LONGEST_PAUSE_SECONDS", 0.01)
    async with watched(tmp_path, 2, "fails-later-1") as daemon:
        await daemon.ready.wait()
        os.kill((await daemon.lives(2))[1][1], signal.SIGKILL)
        await daemon.lives(5)
        assert not daemon.ended.is_set()


async def test_one_that_hangs_in_its_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_GRACE_SECONDS", 0.2)
    monkeypatch.setattr(supervisor, "_HURRY_SECONDS", 0.2)
    async with watched(tmp_path, 2, "stuck-1", drain_seconds=0.1) as daemon:
        await daemon.ready.wait()
        daemon.supervisor.drain()
        await daemon.ended.wait()
    assert daemon.status == 1


async def test_a_second_word_is_passed_on(tmp_path: Path) -> None:
    async with watched(tmp_path, 2, "deaf-0", drain_seconds=60) as daemon:
        await daemon.ready.wait()
        daemon.supervisor.drain()
        daemon.supervisor.hurry()
        await daemon.ended.wait()
    assert daemon.status == 0
    assert "0 hurry None" in daemon.lines("orders")


async def test_a_reload_reaches_all_the_first_before_the_others(tmp_path: Path) -> None:
    async with watched(tmp_path, 3) as daemon:
        await daemon.ready.wait()
        assert await daemon.supervisor.reload() == ""
        orders = [line for line in daemon.lines("orders") if "reload" in line]
    assert orders[0] == "0 reload None"
    assert sorted(orders) == [f"{index} reload None" for index in range(3)]


async def test_what_the_first_refuses_the_others_are_not_asked(tmp_path: Path) -> None:
    async with watched(tmp_path, 2, "refuses-0") as daemon:
        await daemon.ready.wait()
        assert await daemon.supervisor.reload() == "no good"
        assert daemon.lines("orders") == ["0 reload None"]


async def test_one_that_hangs_is_killed_and_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "_SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(life, "_LOOK_SECONDS", 0.05)
    async with watched(tmp_path, 1) as daemon:
        await daemon.ready.wait()
        assert [number for number, _ in await daemon.lives(2)] == ["0", "0"]


async def test_a_program_that_is_not_there_ends_it(tmp_path: Path) -> None:
    daemon = Watched(tmp_path, 2)
    daemon.supervisor._plan.command[0] = str(tmp_path / "nothing")
    with trio.fail_after(PATIENCE):
        await daemon.run()
    assert daemon.status == 1
