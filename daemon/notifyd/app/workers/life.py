"""One worker process, from its start to its end."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog
import trio

from notifyd.app.workers.messages import MessageSocket, News, Order, Start, message_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger("notifyd.workers")

FAILED: Final = 1
#: A worker that says nothing for so long does not turn its event loop any more.
_SILENCE_SECONDS: Final = 30.0
#: What a start waits for has deadlines of its own, which are together below this.
_START_SECONDS: Final = 180.0
_LOOK_SECONDS: Final = 5.0
_RELOAD_SECONDS: Final = 30.0
#: What a process that has ended had said is here by then.
_LAST_WORDS_SECONDS: Final = 1.0


class Life:
    """Starts the process, hears what it says, and learns how it ends."""

    def __init__(self, start: Start, heard: Callable[[Life, News], None]) -> None:
        """*heard* is told what the worker says."""
        self.index = start.index
        #: It serves.
        self.ready = False
        #: It was told to go.
        self.leaving = False
        self.started_at = trio.current_time()
        self._start = start
        self._heard = heard
        self._heard_at = self.started_at
        self._process: trio.Process | None = None
        self._line: MessageSocket | None = None
        self._reloaded = trio.Event()
        self._problem = ""
        self._silent = trio.Event()

    async def run(self, command: Sequence[str], keep_open: Sequence[int] = ()) -> int:
        """Live; answers the exit status, negative for the signal that ended it. Descriptors *keep_open* it inherits."""
        self._line, given = message_pair()
        self._line.tell(self._start)
        try:
            with given:
                self._process = await trio.lowlevel.open_process(
                    list(command),
                    stdin=given.fileno(),
                    pass_fds=tuple(keep_open),
                    process_group=0,  # an interrupt at the terminal is for the supervisor
                )
            return await self._live(self._process, self._line)
        except OSError as exc:
            log.error("worker_not_started", worker=self.index, problem=str(exc))  # noqa: TRY400 - it says it all
            return FAILED
        finally:
            self._line.close()
            self._line = None

    async def _live(self, process: trio.Process, line: MessageSocket) -> int:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen, line)
            nursery.start_soon(self._watch)
            try:
                status = await process.wait()
            finally:
                self.kill()
            with trio.move_on_after(_LAST_WORDS_SECONDS):
                await self._silent.wait()
            nursery.cancel_scope.cancel()
        return status

    @property
    def pid(self) -> int:
        """The process; 0 before there is one."""
        return self._process.pid if self._process is not None else 0

    def order(self, order: Order) -> None:
        """Tell the worker to do something, now or as soon as it is up."""
        self.leaving = self.leaving or order.do in ("drain", "hurry")
        if self._line is not None and not self._line.tell(order):
            log.warning("worker_deaf", worker=self.index, pid=self.pid, order=order.do)

    async def reload(self) -> str:
        """Have it read its configuration again; why that is not in force, or ""."""
        if not self.ready:
            return f"worker {self.index} is not up"
        self._reloaded = trio.Event()
        self.order(Order("reload"))
        with trio.move_on_after(_RELOAD_SECONDS):
            await self._reloaded.wait()
            return self._problem
        return f"worker {self.index} did not answer within {_RELOAD_SECONDS:.0f} s"

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)

    async def _listen(self, line: MessageSocket) -> None:
        while (news := await line.hear(News)) is not None:
            self._heard_at = trio.current_time()
            self.ready = self.ready or news.news == "ready"
            if news.news == "reloaded":
                self._problem = news.problem
                self._reloaded.set()
            self._heard(self, news)
        self._silent.set()

    async def _watch(self) -> None:
        """Kill it when it hangs; that it ends in time is the business of who told it to go."""
        while True:
            await trio.sleep(_LOOK_SECONDS)
            silent = trio.current_time() - self._heard_at
            if not self.leaving and silent > (_SILENCE_SECONDS if self.ready else _START_SECONDS):
                log.error("worker_hung", worker=self.index, pid=self.pid, silent_seconds=round(silent))
                self.kill()


def told(status: int) -> str:
    """How a process ended, for people."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
