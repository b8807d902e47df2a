"""The threads that talk to MongoDB: each call ends by its deadline, the time that it waited for a thread included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import pymongo
import trio

from notifyd.clock import monotonic
from notifyd.errors import StoreUnavailable
from notifyd.store.mongo.connection import THREADS
from notifyd.store.mongo.faults import errors_of
from notifyd.store.watched import WatchedWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import TypeVarTuple, Unpack

    Args = TypeVarTuple("Args")

T = TypeVar("T")

#: For a call whose time ran out while it waited for its thread to begin.
_LEAST_SECONDS: Final = 0.001


class MongoWorker(WatchedWorker):
    """Runs calls of the driver within *timeout_seconds* each, however many commands one is made of."""

    def __init__(self, place: str, timeout_seconds: float) -> None:
        """*place* is how errors name the servers."""
        super().__init__("notifyd-records", threads=THREADS, errors=errors_of(place))
        self._place = place
        self._timeout_seconds = timeout_seconds

    async def run(self, function: Callable[[Unpack[Args]], T], *args: *Args) -> T:
        """See `ThreadWorker.run`."""
        deadline = monotonic() + self._timeout_seconds

        def bounded() -> T:
            with pymongo.timeout(max(_LEAST_SECONDS, deadline - monotonic())):
                return function(*args)

        # ends the wait for a thread; a call that has begun ends itself
        with trio.move_on_after(self._timeout_seconds):
            return await super().run(bounded)
        busy = StoreUnavailable(
            f"{self._place}: too many calls wait for an answer, and this one was not made", retry_after_seconds=1
        )
        self._failed(busy)
        raise busy
