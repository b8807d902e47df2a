"""The suite's charter.

Loopback and port 0, or a Unix socket in `tmp_path`. Every test that waits has an absolute deadline. A test that waits
for time uses trio's autojump clock; a test with threads or real sockets does not, because that clock jumps while
threads work. One side always initiates. Nothing sleeps to let things settle. A bug fix arrives with the test that
failed.
"""

from __future__ import annotations

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Machines that run this are shared: a slow example is no failure, and the same examples come every time.
settings.register_profile(
    "suite", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# What a test may take at the very most, far beyond the deadlines that it sets itself: a hang must not stop the suite.
_SECONDS = 120.0
_SLOW_SECONDS = 900.0


def pytest_collection_finish() -> None:
    """Take what was collected, which stays to the end, out of every later look for garbage: a tenth of the time."""
    gc.collect()
    gc.freeze()


class Hang(BaseException):
    """Past every handler of the code under test."""


@pytest.fixture(autouse=True)
def absolute_deadline(request: pytest.FixtureRequest) -> Iterator[None]:
    patience = float(os.environ.get("NOTIFYD_TEST_PATIENCE", "1"))
    seconds = _SLOW_SECONDS if request.node.get_closest_marker("slow") else _SECONDS

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise Hang(f"{request.node.nodeid} took more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds * max(1.0, patience))
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
