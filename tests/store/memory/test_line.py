from __future__ import annotations

from notifyd.store.memory.entry import Entry
from notifyd.store.memory.line import Line
from tests.store.samples import T0, notification


def entry(seq: int, *, delay: int = 0) -> Entry:
    return Entry.of(seq, notification(delay=delay))


async def test_it_is_idle_when_somebody_waits_and_nothing_is_there() -> None:
    line = Line()
    assert not line.idle()
    line.doorbell.waiting = 1
    assert line.idle()
    line.backlog.add(entry(1))
    assert not line.idle()
    line.lease(limit=1, lease_seconds=1, now=T0)
    assert not line.idle()


def test_a_lost_lease_is_ready_again() -> None:
    line = Line()
    line.backlog.add(entry(1))
    line.lease(limit=1, lease_seconds=1, now=T0)
    assert (line.leased, line.next_due_at(now=T0)) == (1, T0 + 1000)
    line.promote(T0 + 1000)
    assert (line.leased, line.next_due_at(now=T0 + 1000)) == (0, T0 + 1000)


def test_what_is_let_go_of_is_not_lost_later() -> None:
    line, one = Line(), entry(1)
    line.backlog.add(one)
    line.lease(limit=1, lease_seconds=1, now=T0)
    line.let_go(one)
    assert (line.leased, line.next_due_at(now=T0)) == (0, None)


def test_it_knows_when_the_scheduled_come_up() -> None:
    line = Line()
    line.backlog.schedule(entry(1, delay=500))
    assert line.next_due_at(now=T0) == T0 + 500
