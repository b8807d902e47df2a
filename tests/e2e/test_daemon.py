"""The helper itself, and the shortest way through everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.patience import within
from tests.e2e.peer import join

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon


@within(30)
async def test_a_notification_goes_from_a_producer_to_a_subscriber(daemon: Daemon) -> None:
    key = await daemon.key()
    async with join(daemon.ws_url, key, "updates") as peer, daemon.rest(key) as producer:
        accepted = await producer.accept("updates", {"title": "Hello"}, priority=8)
        received = await peer.notification()
    assert received["id"] == accepted
    assert received["data"] == {"title": "Hello"}


@pytest.mark.slow  # tests/app/machine/test_locks.py and tests/crash are the quick rounds
@within(30)
async def test_after_a_kill_the_locks_are_free_and_the_state_is_there(daemon: Daemon) -> None:
    key = await daemon.key()
    await daemon.kill()
    await daemon.start()
    assert (await daemon.ctl("status", "-o", "json")).json["pid"] == daemon.process.pid
    async with join(daemon.ws_url, key, "updates") as peer:
        assert (await peer.ask("ping"))["type"] == "pong"
