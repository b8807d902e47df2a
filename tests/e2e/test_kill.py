"""kill -9: what expired meanwhile stays away. What holds under load is for tests/crash to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import join

if TYPE_CHECKING:
    from tests.e2e.fixtures import Starter


@pytest.mark.slow  # tests/crash is the quick round
@within(60)
async def test_what_expired_while_the_daemon_was_dead_never_arrives(start: Starter) -> None:
    daemon = await start("broker.durability=os")
    key = await daemon.key()
    assert (await daemon.ctl("queue", "pause")).status == 0
    async with daemon.rest(key) as client:
        dying = [await client.accept("c", {}, ttl=50) for _ in range(5)]
        lasting = [await client.accept("c", {"n": n}) for n in range(5)]
    await daemon.kill()
    await trio.sleep(0.06)  # the time that they live
    await daemon.start()
    async with join(daemon.ws_url, key, "c") as peer:
        assert (await daemon.ctl("queue", "resume")).status == 0
        assert [received["id"] for received in await peer.notifications(5)] == lasting
    async with daemon.rest(key) as client:
        for identifier in dying:
            receipt = (await client.call("GET", f"/api/notifications/{identifier}")).json["notification"]
            assert (receipt["state"], receipt["delivered"]) == ("expired", 0)


@pytest.mark.slow
@within(60)
async def test_a_replay_after_a_kill_leaves_out_what_expired_and_counts_it(start: Starter) -> None:
    daemon = await start("broker.durability=os")
    key = await daemon.key()
    async with join(daemon.ws_url, key) as peer, daemon.rest(key) as client:
        position = (await peer.subscribe("c"))["position"]
        for n in range(6):
            await client.accept("c", {"n": n}, **({"ttl": 300} if n % 2 else {}))
        await peer.notifications(6)
    await daemon.kill()
    await trio.sleep(0.31)  # the time that half of them live
    await daemon.start()
    async with join(daemon.ws_url, key) as peer:
        answer = await peer.subscribe("c", position)
        assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (True, 3, 3)
        assert [received["offset"] for received in await peer.notifications(3)] == [1, 3, 5]
        assert answer["position"]["offset"] == 6
