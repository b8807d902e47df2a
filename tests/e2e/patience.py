"""Absolute deadlines, in a unit that a slow machine can scale."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Test = Callable[..., Coroutine[Any, Any, None]]

#: NOTIFYD_TEST_PATIENCE=3 gives everything three times as long.
PATIENCE = float(os.environ.get("NOTIFYD_TEST_PATIENCE", "1"))


def within(seconds: float) -> Callable[[Test], Test]:
    """The test fails when it takes longer."""

    def limit(test: Test) -> Test:
        @functools.wraps(test)
        async def limited(**fixtures: Any) -> None:
            with trio.fail_after(seconds * PATIENCE):
                await test(**fixtures)

        return limited

    return limit
