"""Blocking calls out of trio: the only way down into threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import TypeVarTuple, Unpack

    Args = TypeVarTuple("Args")

T = TypeVar("T")


class ThreadWorker:
    """Runs blocking calls of one driver in threads of its own, at most *threads* at a time.

    A call that has begun is waited for even when the caller is cancelled: a driver must not be left alone in the
    middle of a transaction. Calls therefore have to be bounded by the driver's own timeouts.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int = 1,
        errors: Mapping[type[Exception], Callable[[Exception], Exception]] | None = None,
    ) -> None:
        """*errors* says how exceptions of the driver are told: the first entry that is an instance counts."""
        self._name = name
        self._limiter = trio.CapacityLimiter(threads)
        self._errors = dict(errors or {})
        self._foreign = tuple(self._errors)

    async def run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        """Call ``function(*args)`` in a thread and answer its result.

        Raises what *function* raises, translated by the table given at construction.
        """
        try:
            return await trio.to_thread.run_sync(
                function, *args, thread_name=self._name, abandon_on_cancel=False, limiter=self._limiter
            )
        except self._foreign as exc:
            raise self._translated(exc) from exc

    def _translated(self, exc: Exception) -> Exception:
        for kind, translate in self._errors.items():
            if isinstance(exc, kind):
                return translate(exc)
        raise AssertionError("an exception was caught that the table does not name")
