"""Waiting for what other threads and other processes do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.commands.line import Line


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; the test has the deadline."""
    for _ in range(100_000):
        if condition():
            return
        await trio.sleep(0.005)
    raise AssertionError("it did not come to that")


async def answered(line: Line, *words: str) -> object:
    """Ask until the line is back."""
    for _ in range(100_000):
        try:
            return await line.send(*words).wait()
        except StoreUnavailable:
            await trio.sleep(0.01)
    raise AssertionError("it did not come back")


class Heard:
    """What a listener has told, as it came."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.lives = 0

    def note(self, message: bytes) -> None:
        """For `on_message`."""
        self.messages.append(message)

    def live(self) -> None:
        """For `on_live`."""
        self.lives += 1
