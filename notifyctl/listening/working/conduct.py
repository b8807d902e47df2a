"""A listener and what handles what it brings, from the beginning to a good end: enough, a deadline, or a signal."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyctl.listening.handling import Handler
    from notifyctl.retrying.deadline import Deadline

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Source(Protocol):
    """Brings publications to a handler."""

    async def run(self) -> None:
        """Do so until nothing more can come.

        Raises:
            Refusal: nothing can come at all.
        """
        ...

    async def finish(self) -> None:
        """Take nothing more, have what was begun done, and the acks of that answered, for a few seconds."""
        ...


class _Stopped(Exception):
    """A signal came."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def conduct(source: Source, handler: Handler, work: Any, deadline: Deadline) -> bool:
    """Run *source* and, beside it, *work* (None, or what the handler has to run); whether the handler has enough.

    Ctrl-C raises KeyboardInterrupt when everything that was started has ended; SIGTERM and SIGHUP then end the process
    as they would have done at once.

    Raises:
        Refusal: see `Source.run`.
    """
    try:
        with _interruptible():
            trio.run(bring, source, handler, work, deadline)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    except _Stopped as stopped:
        _stop(stopped.number)
    return handler.enough.is_set()


async def bring(source: Source, handler: Handler, work: Any, deadline: Deadline) -> None:
    """As `conduct`, where trio runs already; a signal is not turned into what it means."""
    stopped: list[int] = []
    with _unwrapped():
        async with trio.open_nursery() as signals:
            with trio.CancelScope() as scope:
                # Where nothing is started, a signal ends us without more ado, blocked on stdout or not.
                if work is not None:
                    signals.start_soon(_hear_signals, scope, stopped)
                await _bring(source, handler, work, deadline)
            signals.cancel_scope.cancel()
    if stopped:
        raise _Stopped(stopped[0])


async def _bring(source: Source, handler: Handler, work: Any, deadline: Deadline) -> None:
    async with trio.open_nursery() as nursery:
        if work is not None:
            nursery.start_soon(work)
        over = trio.Event()
        nursery.start_soon(_run, source, over)
        nursery.start_soon(_pass_on, handler.enough, over)
        with trio.move_on_after(deadline.clip(float("inf"))):
            await over.wait()
        await source.finish()
        nursery.cancel_scope.cancel()


async def _run(source: Source, over: trio.Event) -> None:
    await source.run()
    over.set()


async def _pass_on(news: trio.Event, to: trio.Event) -> None:
    await news.wait()
    to.set()


async def _hear_signals(scope: trio.CancelScope, stopped: list[int]) -> None:
    # A handler can be set in the main thread alone; whoever runs us elsewhere looks after signals itself.
    if threading.current_thread() is not threading.main_thread():
        return
    # What is ignored stays so, as under nohup.
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    if not heard:
        return
    with trio.open_signal_receiver(*heard) as signals:
        # One more must not end us before what was started has ended, which takes a few seconds at most.
        async for number in signals:
            stopped.append(number)
            scope.cancel()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Trio minds Ctrl-C where Python would; whoever minded it before does so again afterwards."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _unwrapped() -> Iterator[None]:
    try:
        yield
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What it comes down to: a signal before all, as everything else may follow from it."""
    leaves = [_first(each) if isinstance(each, BaseExceptionGroup) else each for each in group.exceptions]
    return min(leaves, key=lambda problem: not isinstance(problem, _Stopped | KeyboardInterrupt))


def _stop(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
