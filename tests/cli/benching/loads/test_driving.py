"""Running operations by a schedule."""

import pytest
import trio

from notifyctl.benching.connections.place import Failed, clock
from notifyctl.benching.loads import driving
from notifyctl.benching.loads.driving import Driver
from notifyctl.benching.loads.pacing import Schedule
from notifyctl.benching.measuring.tally import Tally


async def nothing(at: float) -> None:
    await trio.lowlevel.checkpoint()


async def test_every_slot_is_done_once():
    tally = Tally()
    await Driver(Schedule(begins_at=clock(), count=20), tally, each=5).run([nothing] * 4)
    assert (tally.succeeded, tally.requests, tally.latency.count) == (100, 20, 20)


async def test_who_was_overdue_is_charged_with_the_wait():
    tally = Tally()
    await Driver(Schedule(begins_at=clock() - 2, rate=10, count=3), tally).run([nothing])
    assert (tally.latency.least or 0) >= 1.8
    assert (tally.latency.most or 0) >= 2.0


async def test_who_waited_for_its_time_is_not():
    begins_at = clock() + 0.02
    begun: list[float] = []

    async def note(at: float) -> None:
        await trio.lowlevel.checkpoint()
        begun.append(at)

    driver = Driver(Schedule(begins_at=begins_at, rate=1, count=1), Tally())
    await driver.run([note])
    assert begun[0] >= begins_at
    assert driver.late.count == 1


async def test_failures_are_counted_by_kind():
    tally = Tally()

    async def fail(at: float) -> None:
        await trio.lowlevel.checkpoint()
        raise Failed("queue_full", gone=False)

    await Driver(Schedule(begins_at=clock(), count=3), tally, each=10).run([fail])
    assert (tally.errors, tally.succeeded) == ({"queue_full": 30}, 0)


async def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(driving, "GRACE_SECONDS", 0.0)
    tally = Tally()

    async def hang(at: float) -> None:
        await trio.sleep_forever()

    now = clock()
    schedule = Schedule(begins_at=now - 1, rate=10, duration_seconds=1)
    await Driver(schedule, tally).run([hang] * 2, ends_at=now)
    assert tally.errors == {"not_answered": 2, "not_sent": 8}
