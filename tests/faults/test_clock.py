"""Wall clocks that jump by an hour or a day, forwards and backwards, under a real daemon."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import trio

from tests.e2e.patience import within
from tests.e2e.peer import join
from tests.faults.injecting import start_under

if TYPE_CHECKING:
    from tests.faults.fixtures import Faulty

HOUR = 3600.0
DAY = 24 * HOUR

#: Pings come often enough to see that they still do.
LIVELY = (
    "broker.durability=os",
    "websocket.heartbeat_interval_seconds=0.2",
    "websocket.connection_timeout_seconds=6",
)
lively = pytest.mark.parametrize("faulty", [LIVELY], indirect=True)


async def told_time(one: Faulty) -> datetime:
    """The daemon's own clock."""
    return datetime.fromisoformat((await one.health())["timestamp"])


@lively
@within(60)
async def test_a_clock_that_jumps_harms_nothing_that_is_live(faulty: Faulty) -> None:
    before = await told_time(faulty)
    await faulty.works()
    for jump in (DAY, 0.0, -HOUR, -DAY, HOUR):
        faulty.faults.turn_clock(jump)
        seconds = (await told_time(faulty) - before).total_seconds()
        assert jump <= seconds < jump + 60, "the clock did not jump"
        for priority in (9, 5, 1, 5):
            assert (await faulty.publish(priority=priority, ttl=60_000)).status == 202
        await faulty.all_arrived_in_any_order()
    assert (await faulty.health())["status"] == "ok"


@pytest.mark.slow
@lively
@within(60)
async def test_a_clock_that_jumps_ends_no_connection(faulty: Faulty) -> None:
    for jump in (DAY, -DAY, 0.0):
        faulty.faults.turn_clock(jump)
        await trio.sleep(6.5)  # longer than a connection may be silent
        await faulty.works()


@pytest.mark.slow
@lively
@within(60)
async def test_what_was_accepted_in_the_future_waits_for_nothing(faulty: Faulty) -> None:
    await paused(faulty)
    faulty.faults.turn_clock(HOUR)
    for _ in range(3):
        await faulty.publish()
    faulty.faults.turn_clock(0)
    await resumed(faulty)
    await faulty.all_arrived()
    await faulty.works()


@pytest.mark.slow
@lively
@within(60)
async def test_nor_does_it_after_a_kill(faulty: Faulty) -> None:
    await faulty.works()
    await paused(faulty)
    faulty.faults.turn_clock(HOUR)
    for _ in range(3):
        await faulty.publish()
    await faulty.daemon.kill()
    faulty.faults.turn_clock(0)
    await start_under(faulty.daemon, faulty.faults)
    async with faulty.daemon.rest(faulty.key) as client, join(faulty.daemon.ws_url, faulty.key, "c") as peer:
        assert (await client.call("POST", "/api/queue/resume")).status == 200
        with trio.fail_after(20):
            arrived = [(await peer.notification())["id"] for _ in range(3)]
            assert arrived == faulty.accepted[1:]
            faulty.accepted.append(await client.accept("c", {}))
            assert (await peer.notification())["id"] == faulty.accepted[-1]


@pytest.mark.slow
@lively
@within(60)
async def test_a_schedule_goes_by_the_wall_clock(faulty: Faulty) -> None:
    due = await faulty.publish(delay=round(HOUR * 1000))
    assert due.status == 202
    later = faulty.accepted.pop()
    await faulty.works()
    faulty.faults.turn_clock(-HOUR)
    await faulty.works()
    faulty.faults.turn_clock(HOUR - 5)
    await faulty.works()
    faulty.faults.turn_clock(HOUR + 1)
    # whoever waits for the hour looks at the clock every half minute, or when something else is to be done
    await faulty.publish(priority=1)
    faulty.accepted.append(later)
    await faulty.all_arrived_in_any_order()


@pytest.mark.slow
@lively
@within(60)
async def test_a_time_to_live_goes_by_the_wall_clock(faulty: Faulty) -> None:
    await paused(faulty)
    await faulty.publish(ttl=round(HOUR * 1000))
    mortal = faulty.accepted.pop()
    for jump in (-DAY, HOUR - 10):
        faulty.faults.turn_clock(jump)
        await faulty.publish(ttl=round(2 * DAY * 1000))
        assert await state_of(faulty, mortal) == "waiting"
    faulty.faults.turn_clock(HOUR + 10)
    await resumed(faulty)
    await faulty.all_arrived_in_any_order()
    assert await state_of(faulty, mortal) == "expired"


async def state_of(one: Faulty, notification_id: str) -> str:
    """What its receipt says."""
    reply = await one.client.call("GET", f"/api/notifications/{notification_id}")
    return str(reply.json["notification"]["state"])


async def paused(one: Faulty) -> None:
    """Nothing is dispatched any more."""
    assert (await one.client.call("POST", "/api/queue/pause")).status == 200


async def resumed(one: Faulty) -> None:
    """All is dispatched again."""
    assert (await one.client.call("POST", "/api/queue/resume")).status == 200
