"""Work on publications, some at a time: bounded in what waits, counted, and told about at the end."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyctl.listening.handling import Settle
    from notifyctl.showing.output import Record

#: What may wait to be worked on. Beyond it nothing is read, and the daemon keeps the rest.
_MOST_WAITING: Final = 1000
_MOST_WAITING_BYTES: Final = 8 * 1024 * 1024


class Job(Protocol):
    """What is done with one publication."""

    async def __aenter__(self) -> object:
        """Get ready."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Let go of what it holds."""
        ...

    async def __call__(self, publication: Record, body: bytes) -> str:
        """Do it, *body* being the JSON of *publication*; answer nothing, or in a few words why it could not be done."""
        ...


class _Waiting(NamedTuple):
    publication: Record
    body: bytes
    settle: Settle


@dataclass
class Tally:
    """What became of what was taken."""

    done: int = 0
    failed: int = 0

    def sentence(self) -> str:
        """It in words."""
        return f"{self.handled} handled: {self.done} done, {self.failed} failed."

    @property
    def handled(self) -> int:
        """All of it."""
        return self.done + self.failed


class Worker:
    """A `Handler` that does a job for each publication; with one at a time in the order in which they came."""

    def __init__(
        self, job: Job, note: Callable[[str], None], *, at_once: int = 1, count: int | None = None, acked: bool = False
    ) -> None:
        """After *count* it has enough; *acked*: what failed comes again, and is told so."""
        self.enough = trio.Event()
        self.tally = Tally()
        self._job = job
        self._note = note
        self._at_once = at_once
        self._left = count
        self._again = "; it is to come again" if acked else ""
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._working = 0
        self._ending = False
        self._changed = trio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        async with self._job, trio.open_nursery() as nursery:
            for _ in range(self._at_once):
                nursery.start_soon(self._work)

    async def room(self) -> None:
        """See `Handler`."""
        while self._left == 0 or len(self._waiting) >= _MOST_WAITING or self._waiting_bytes >= _MOST_WAITING_BYTES:
            await self._changed.wait()

    def put(self, publication: Record, settle: Settle) -> None:
        """See `Handler`."""
        body = json.dumps(publication, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        self._waiting.append(_Waiting(publication, body, settle))
        self._waiting_bytes += len(body)
        if self._left is not None:
            self._left -= 1
        self._tell()

    async def finish(self) -> None:
        """See `Handler`."""
        self._ending = True
        while self._working:
            await self._changed.wait()

    async def _work(self) -> None:
        while True:
            while self._ending or not self._waiting:
                await self._changed.wait()
            waiting = self._waiting.popleft()
            self._waiting_bytes -= len(waiting.body)
            self._working += 1
            self._tell()
            try:
                problem = await self._job(waiting.publication, waiting.body)
            finally:
                self._working -= 1
            self._settle(waiting, problem)

    def _settle(self, waiting: _Waiting, problem: str) -> None:
        if problem:
            self.tally.failed += 1
            self._note(f"{waiting.publication['id']}: {problem}{self._again}.")
        else:
            self.tally.done += 1
        waiting.settle(problem)
        if self._left == 0 and not self._waiting and not self._working:
            self.enough.set()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
