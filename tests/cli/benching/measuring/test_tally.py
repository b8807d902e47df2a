"""Counting operations and deliveries."""

from notifyctl.benching.measuring.tally import OTHER, Arrivals, Tally


def test_operations():
    tally = Tally()
    tally.worked(0.5, 10)
    tally.broke("queue_full", 10)
    tally.broke("timeout", 0)
    assert (tally.attempted, tally.succeeded, tally.failed, tally.requests) == (20, 10, 10, 1)
    assert tally.error_share == 0.5
    assert tally.errors == {"queue_full": 10}
    assert Tally().error_share is None


def test_kinds_of_errors_are_bounded():
    tally = Tally()
    for number in range(1000):
        tally.broke(f"kind_{number}")
    assert len(tally.errors) <= 65
    assert tally.failed == 1000
    assert tally.errors[OTHER] > 900


def test_deliveries():
    arrivals = Arrivals()
    arrivals.settle(10, [10, 8, 11])
    assert (arrivals.expected, arrivals.missing, arrivals.extra) == (30, 2, 1)
