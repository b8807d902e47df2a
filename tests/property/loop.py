"""A trio loop in a thread, for tests that hypothesis drives step by step."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Loop:
    """Runs async functions in one trio run that lasts from `start` to `stop`."""

    nursery: trio.Nursery

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=trio.run, args=(self._main,), name="test-loop")

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def call(self, function: Callable[..., Awaitable[T]], *args: object) -> T:
        """Run ``await function(*args)`` in the loop, within thirty seconds, and answer its result."""

        async def bounded() -> T:
            with trio.fail_after(30):
                return await function(*args)

        return trio.from_thread.run(bounded, trio_token=self._token)

    def stop(self) -> None:
        trio.from_thread.run_sync(self.nursery.cancel_scope.cancel, trio_token=self._token)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as self.nursery:
            self.nursery.start_soon(trio.sleep_forever)
            self._ready.set()
