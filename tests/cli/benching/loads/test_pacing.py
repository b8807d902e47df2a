"""When requests are due."""

from notifyctl.benching.loads.pacing import Schedule


def test_with_a_rate_times_are_fixed_whatever_happens():
    schedule = Schedule(begins_at=100, rate=10, count=3)
    slots = [schedule.take(now) for now in (100.0, 500.0, 500.0, 500.0)]
    assert [slot and round(slot.due_at or 0, 6) for slot in slots] == [100, 100.1, 100.2, None]
    assert [slot.number for slot in slots if slot] == [0, 1, 2]


def test_without_a_rate_a_request_is_due_when_somebody_is_free():
    schedule = Schedule(begins_at=0, duration_seconds=5)
    first = schedule.take(4.9)
    assert first is not None
    assert first.due_at is None
    assert schedule.take(5.0) is None


def test_what_was_due_is_handed_out_though_it_is_late():
    schedule = Schedule(begins_at=0, rate=2, duration_seconds=1)
    assert schedule.take(60) is not None
    assert schedule.take(60) is not None
    assert schedule.take(60) is None


def test_what_is_left():
    schedule = Schedule(begins_at=0, rate=10, duration_seconds=1)
    schedule.take(0)
    assert schedule.left() == 9
    assert Schedule(begins_at=0, rate=10, count=4, duration_seconds=1).left() == 4
    assert Schedule(begins_at=0, rate=10).left() == 0
    assert Schedule(begins_at=0, count=7).left() == 0


def test_the_end():
    schedule = Schedule(begins_at=0)
    schedule.take(0)
    schedule.end()
    assert schedule.take(0) is None
    assert schedule.handed_out == 1
