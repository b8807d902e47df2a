"""Two services with a prefix each, and one queue of BullMQ for both: what their operators are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.cluster import shared
from tests.e2e.patience import PATIENCE, within
from tests.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.valkey import Valkey

__all__ = ["start_valkey"]

pytestmark = pytest.mark.slow

SECONDS = 10


async def logged(daemon: Daemon, event: str) -> None:
    """Wait until a daemon has logged something."""
    with trio.fail_after(SECONDS * PATIENCE):
        while not daemon.entries(event):  # noqa: ASYNC110  # another process logs it
            await trio.sleep(0.02)


async def examined(daemon: Daemon) -> dict[str, str]:
    """What the doctor says of the queue."""
    told = await daemon.ctl("doctor", "-o", "json")
    (found,) = [row for row in told.json if row["name"] == "bullmq"]
    return dict(found)


@within(60)
async def test_services_that_take_each_others_jobs_are_told_so(
    start: Starter, start_valkey: Callable[..., Valkey], tmp_path: Path
) -> None:
    valkey = start_valkey()
    with shared(tmp_path, valkey.url) as common:
        shop = await start(*common, "broker.prefix=shop")
        await logged(shop, "bullmq_consuming")
        assert (await examined(shop))["verdict"] == "ok"
        desk = await start(*common, "broker.prefix=desk")
        await logged(desk, "bullmq_queue_shared")
        found = await examined(desk)
        assert (found["verdict"], found["found"]) == (
            "warning",
            "other services take jobs from bull:notifications: shop",
        )
        assert "bullmq.prefix" in found["advice"]
        apart = await start(*common, "broker.prefix=till", "bullmq.prefix=till")
        await logged(apart, "bullmq_consuming")
        assert (await examined(apart))["verdict"] == "ok"
