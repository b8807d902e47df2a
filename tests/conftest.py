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
from itertools import groupby, islice
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, each worker with some of it: at the end the others would wait for one of them.

    `--dist worksteal` gives each worker an even stretch of the list, in order, and takes from the end of a stretch for
    who has nothing left. The rest keeps its order, and a module stays together, for what its tests share.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    rest = iter([item for item in items if not item.get_closest_marker("long")])
    modules = [list(of_one) for _, of_one in groupby(long, key=lambda item: item.path)]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ordered: list[pytest.Item] = []
    for number in range(workers):
        share = [item for of_one in modules[number::workers] for item in of_one]
        stretch = (len(items) + number) // workers
        ordered += [*share, *islice(rest, max(0, stretch - len(share)))]
    items[:] = [*ordered, *rest]


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
