"""Looks after the workers: starts them, starts anew what died, passes orders on, and ends with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import structlog
import trio

from notifyd.app.workers.life import FAILED, Life, told
from notifyd.app.workers.messages import News, Order, Start

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.service.daemon import Listener

log = structlog.get_logger("notifyd.workers")

#: A worker that lived for so long had nothing wrong with its start.
_STEADY_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0
#: Starts that fail in a row, with no other worker that serves, until nobody waits any more.
_MOST_FAILURES: Final = 8
#: What a worker may take beyond the time of the drain: its calls, its last commits.
_GRACE_SECONDS: Final = 20.0
#: And how long it may take when there is no time to lose.
_HURRY_SECONDS: Final = 5.0


class Plan(msgspec.Struct, frozen=True):
    """What is started, and how."""

    command: list[str]
    #: For each worker.
    starts: list[Start]
    drain_seconds: float
    #: Descriptors that workers hold together with the supervisor.
    keep_open: tuple[int, ...] = ()


class Supervisor:
    """Runs the workers of one daemon."""

    def __init__(self, plan: Plan, on_ready: Callable[[list[Listener]], None], on_stopping: Callable[[], None]) -> None:
        """*on_ready* is called once all workers serve, *on_stopping* when they are told to go."""
        self._plan = plan
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._lives: dict[int, Life] = {}
        self._failures = dict.fromkeys((start.index for start in plan.starts), 0)
        self._listeners: list[Listener] = []
        self._up = False  # all have served once
        self._first_up = trio.Event()
        self._ending = trio.Event()
        self._hurrying = trio.Event()
        self._reload_wanted = trio.Event()
        self._reloaded_already = 0
        self._seconds = plan.drain_seconds
        self._status = 0

    @property
    def ending(self) -> bool:
        """The workers were told to go."""
        return self._ending.is_set()

    async def run(self) -> int:
        """Keep the workers running until they are told to go, or cannot start; answers the exit status."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._see_to_the_end)
            nursery.start_soon(self._pass_reloads_on)
            async with trio.open_nursery() as workers:
                # the first one alone: what is wrong is said once, and what has to be made once, it makes
                for start in self._plan.starts:
                    if not self.ending:
                        workers.start_soon(self._keep, start)
                        await self._first_up.wait()
            nursery.cancel_scope.cancel()
        return self._status

    # What the outside asks for

    def drain(self, seconds: float | None = None) -> None:
        """Have all workers go politely; asking again changes nothing."""
        if self.ending:
            return
        self._seconds = self._seconds if seconds is None else seconds
        log.info("draining", seconds=self._seconds, workers=len(self._lives))
        self._end(Order("drain", self._seconds))

    def hurry(self) -> None:
        """Have them end at once."""
        self._end(Order("hurry"))
        self._hurrying.set()

    async def reload(self) -> str:
        """Have all workers read their configuration again; answers why it is not in force, or "".

        The first one goes before: what it refuses the others are not asked, and what has to be made once it makes.
        """
        first = self._lives.get(0)
        problem = "the first worker is not up" if first is None else await first.reload()
        return problem or await self._reload_others(but=0)

    async def _reload_others(self, *, but: int) -> str:
        problems: list[str] = []

        async def one(life: Life) -> None:
            problem = await life.reload()
            if problem:
                problems.append(problem)

        async with trio.open_nursery() as nursery:
            for life in list(self._lives.values()):
                # one that starts reads what is new by itself
                if life.index != but and life.ready:
                    nursery.start_soon(one, life)
        return "; ".join(problems)

    # The workers

    async def _keep(self, start: Start) -> None:
        while not self._ending.is_set():
            life = self._lives[start.index] = Life(start, self._hear)
            status = await life.run(self._plan.command, self._plan.keep_open)
            if not self._ending.is_set():
                await self._mourn(life, status)
            elif status:
                log.error("worker_ended", worker=life.index, pid=life.pid, how=told(status))
                self._status = self._status or FAILED
            start = msgspec.structs.replace(start, fresh_master_key=False, late=self._up)

    async def _mourn(self, life: Life, status: int) -> None:
        """Wait as long as is good before the next start, or give up."""
        asked = life.ready and not status
        steady = asked or (life.ready and trio.current_time() - life.started_at >= _STEADY_SECONDS)
        failures = self._failures[life.index] = 1 if steady else self._failures[life.index] + 1
        begun, life.ready = life.ready, False
        alone = not any(other.ready for other in self._lives.values())
        if not (self._up or begun) or (alone and failures >= _MOST_FAILURES):
            self._give_up(life, status)
            return
        pause = 0.0 if asked else min(_FIRST_PAUSE_SECONDS * 2 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
        say = log.info if asked else log.error
        say("worker_ended", worker=life.index, pid=life.pid, how=told(status), again_in_seconds=pause)
        with trio.move_on_after(pause):
            await self._ending.wait()

    def _give_up(self, life: Life, status: int) -> None:
        """A worker that cannot start has said why on standard error; its status becomes that of the daemon."""
        log.error("worker_cannot_start", worker=life.index, pid=life.pid, how=told(status))
        self._status = status if status > 0 else FAILED
        self._end(Order("drain", 0.0))

    def _hear(self, life: Life, news: News) -> None:
        if news.news == "ready":
            log.info("worker_started", worker=life.index, worker_pid=life.pid)
            self._note_ready(life, news)
        elif news.news == "drain":
            self.drain(news.seconds)
        elif news.news == "reload":
            self._reloaded_already = life.index
            self._reload_wanted.set()

    def _note_ready(self, life: Life, news: News) -> None:
        if life.index == 0:
            self._listeners = news.listeners
            self._first_up.set()
        if not self._up and all(index in self._lives and self._lives[index].ready for index in self._failures):
            self._up = True
            for each in self._lives.values():
                each.order(Order("serving"))
            self._on_ready(self._listeners)

    async def _pass_reloads_on(self) -> None:
        while True:
            await self._reload_wanted.wait()
            self._reload_wanted = trio.Event()
            problem = await self._reload_others(but=self._reloaded_already)
            if problem:
                log.error("config_reload_failed", problem=problem)

    # The end

    def _end(self, order: Order) -> None:
        if not self.ending:
            self._ending.set()
            self._first_up.set()
            self._on_stopping()
        for life in self._lives.values():
            life.order(order)

    async def _see_to_the_end(self) -> None:
        await self._ending.wait()
        with trio.move_on_after(self._seconds + _GRACE_SECONDS):
            await self._hurrying.wait()
        await trio.sleep(_HURRY_SECONDS)
        for life in self._lives.values():
            log.error("worker_killed", worker=life.index, pid=life.pid)
            life.kill()
