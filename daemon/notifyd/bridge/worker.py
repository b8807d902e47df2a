"""Blocking calls out of trio: the only way down into threads.

A call that has begun is waited for even when its caller is cancelled: a driver must not be left alone in the middle of
a transaction. Calls therefore have to be bounded by the driver's own timeouts.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import TypeVarTuple, Unpack

    Args = TypeVarTuple("Args")

T = TypeVar("T")


class ErrorTable:
    """How exceptions of a driver are told: the first entry that is an instance counts, others pass unchanged."""

    def __init__(self, errors: Mapping[type[Exception], Callable[[Exception], Exception]] | None = None) -> None:
        self._errors = dict(errors or {})
        #: What an ``except`` clause has to name.
        self.kinds = tuple(self._errors)

    def translated(self, exc: Exception) -> Exception:
        """What to raise from *exc*."""
        for kind, translate in self._errors.items():
            if isinstance(exc, kind):
                return translate(exc)
        return exc


class ThreadWorker:
    """Runs blocking calls of one driver in threads, at most *threads* at a time."""

    def __init__(
        self,
        name: str,
        *,
        threads: int = 1,
        errors: Mapping[type[Exception], Callable[[Exception], Exception]] | None = None,
    ) -> None:
        """*name* is the threads' name to the system, *errors* tells the driver's exceptions in words of ours."""
        self._name = name
        self._limiter = trio.CapacityLimiter(threads)
        self._errors = ErrorTable(errors)

    async def run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        """Call ``function(*args)`` in a thread and answer its result.

        Raises what *function* raises, translated by the table given at construction.
        """
        try:
            return await trio.to_thread.run_sync(
                function, *args, thread_name=self._name, abandon_on_cancel=False, limiter=self._limiter
            )
        except self._errors.kinds as exc:
            raise self._errors.translated(exc) from exc


class Answer(Generic[T]):
    """What came of one call in a thread."""

    __slots__ = ("_value", "error")

    def __init__(self, value: T | None, error: Exception | None) -> None:
        self._value = value
        self.error = error

    def unwrap(self) -> T:
        """The result.

        Raises what the call raised.
        """
        if self.error is not None:
            raise self.error
        return self._value  # type: ignore[return-value]  # without an error it is what the call answered


class OwnThread:
    """One thread for one driver, with the least overhead: calls are done one after the other, as they come in.

    Half the price of a ThreadWorker where there are thousands of calls a second, in exchange for `close`.
    """

    def __init__(
        self, name: str, *, errors: Mapping[type[Exception], Callable[[Exception], Exception]] | None = None
    ) -> None:
        """The thread starts with the first call. Arguments as for ThreadWorker."""
        self._name = name
        self._errors = ErrorTable(errors)
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = False

    def submit(self, done: Callable[[Answer[T]], object], function: Callable[[Unpack[Args]], T], *args: *Args) -> None:
        """Have ``function(*args)`` called in the thread, and then ``done(answer)`` in trio. *done* must not raise."""
        token = trio.lowlevel.current_trio_token()

        def call() -> None:
            token.run_sync_soon(done, self._answer(function, *args))

        if not self._started:
            self._started = True
            threading.Thread(target=_serve, args=(self._calls,), name=self._name, daemon=True).start()
        self._calls.put(call)

    async def run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        """Call ``function(*args)`` in the thread and answer its result.

        Raises what *function* raises, translated by the table given at construction.
        """
        answered = trio.Event()
        answers: list[Answer[T]] = []

        def done(answer: Answer[T]) -> None:
            answers.append(answer)
            answered.set()

        self.submit(done, function, *args)
        with trio.CancelScope(shield=True):
            await answered.wait()
        return answers[0].unwrap()

    def close(self) -> None:
        """Let the thread end when it has done what was handed in. Nothing may be handed in afterwards."""
        if self._started:
            self._calls.put(None)

    def _answer(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> Answer[T]:
        try:
            return Answer(function(*args), None)
        except Exception as exc:  # noqa: BLE001  # it is raised where the answer is unwrapped
            told = self._errors.translated(exc)
            if told is not exc:
                told.__cause__ = exc
            return Answer(None, told)


def _serve(calls: queue.SimpleQueue[Callable[[], None] | None]) -> None:
    while (call := calls.get()) is not None:
        call()
