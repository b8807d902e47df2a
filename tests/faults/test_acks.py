"""Acks while the disk fails and the clock jumps: what is answered holds, and deadlines are lengths and not instants."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.faults.injecting import start_under

if TYPE_CHECKING:
    from tests.e2e.peer import Message, Peer
    from tests.faults.fixtures import Faulty

DAY = 86_400.0
ACK_SECONDS = 0.6

quickly = pytest.mark.parametrize(
    "faulty",
    [(f"subscriptions.ack_seconds={ACK_SECONDS}", "delivery.retry_delay_seconds=0.05", "delivery.retry_attempts=100")],
    indirect=True,
)


async def subscribed(peer: Peer) -> Message:
    """Subscribe with acks and a name; the answer."""
    answer = await peer.ask("subscribe", channel="c", ack=True, durable="d")
    assert answer["type"] == "subscribed", answer
    return answer


@pytest.mark.slow
@quickly
@within(60)
async def test_an_ack_that_the_disk_does_not_take_is_refused_and_may_be_given_again(faulty: Faulty) -> None:
    async with join(faulty.daemon.ws_url, faulty.key) as peer:
        await subscribed(peer)
        await faulty.publish()
        came = await peer.notification()
        with faulty.faults.on("broker.db", write=errno.ENOSPC):
            refusal = await peer.ask("ack", id=came["id"])
            assert (refusal["type"], refusal["code"]) == ("error", "store_unavailable"), refusal
            assert refusal["retryAfter"] >= 1
        await faulty.becomes("ok")
        assert (await peer.ask("ack", id=came["id"]))["type"] == "acked"
    await faulty.daemon.kill()
    await start_under(faulty.daemon, faulty.faults)
    async with join(faulty.daemon.ws_url, faulty.key) as peer:
        assert (await subscribed(peer))["replayed"] == 0, "the ack was answered"


@pytest.mark.slow
@quickly
@pytest.mark.parametrize("jump", [DAY, -DAY])
@within(60)
async def test_a_clock_that_jumps_neither_hurries_nor_holds_up_a_redelivery(faulty: Faulty, jump: float) -> None:
    async with join(faulty.daemon.ws_url, faulty.key) as peer:
        await subscribed(peer)
        await faulty.publish(ttl=round(3 * DAY * 1000))
        first = await peer.notification()
        came_at = trio.current_time()
        faulty.faults.turn_clock(jump)
        again = await peer.notification()
        assert (again["id"], again["attempt"]) == (first["id"], 2)
        assert ACK_SECONDS - 0.05 <= trio.current_time() - came_at < ACK_SECONDS + 3
        assert (await peer.ask("ack", id=first["id"]))["acked"] == 1
