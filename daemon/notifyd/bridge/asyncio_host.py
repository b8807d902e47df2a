"""A library that needs asyncio, in a thread of its own beside trio: nothing waits for the other loop on either side."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from typing_extensions import TypeVarTuple, Unpack

    Args = TypeVarTuple("Args")


class AsyncioHost:
    """Runs one coroutine in a thread with an asyncio loop. What crosses is called soon, in order, and not answered.

    Make it in trio. Hand over lists rather than items: each crossing wakes the other loop.
    """

    def __init__(self, name: str) -> None:
        """*name* is the thread's name to the system."""
        self._name = name
        self._token = trio.lowlevel.current_trio_token()
        self._limiter = trio.CapacityLimiter(1)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    async def run(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `await main()` in the thread until it returns, and raise what it raises.

        Cancelling cancels it there and waits until it has ended: it must clean up in bounded time.
        """
        self._cancelled = False
        failure: Exception | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch)
            try:
                await trio.to_thread.run_sync(
                    self._serve, main, thread_name=self._name, abandon_on_cancel=False, limiter=self._limiter
                )
            except Exception as exc:  # noqa: BLE001  # raised below, outside of the nursery's group
                failure = exc
            nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def post(self, function: Callable[[Unpack[Args]], object], *args: *Args) -> bool:
        """Called in trio: have ``function(*args)`` called in the asyncio loop. False: that is not running."""
        with self._lock:
            if self._loop is None:
                return False
            self._loop.call_soon_threadsafe(function, *args)
            return True

    def send(self, function: Callable[[Unpack[Args]], object], *args: *Args) -> bool:
        """Called in the asyncio loop: have ``function(*args)`` called in trio, where it must not raise.

        False: trio has ended.
        """
        try:
            self._token.run_sync_soon(function, *args)
        except trio.RunFinishedError:
            return False
        return True

    async def _watch(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with self._lock:
                self._cancelled = True
                if self._loop is not None and self._task is not None:
                    self._loop.call_soon_threadsafe(self._task.cancel)

    def _serve(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            asyncio.run(self._hosted(main))
        except asyncio.CancelledError:
            # asked for by `_watch`: trio's own cancellation goes on from here
            if not self._cancelled:
                raise

    async def _hosted(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with self._lock:
            if self._cancelled:
                return
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            await main()
        finally:
            with self._lock:
                self._loop = self._task = None
