"""What the ports cannot show of the queue in memory: that nothing piles up in it."""

from __future__ import annotations

import pytest

from notifyd.store.memory.queue import MemoryQueue
from notifyd.store.options import QueueLimits
from tests.store.samples import T0, notification


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue(QueueLimits())


@pytest.mark.parametrize("delay", [0, 1000])
def test_what_was_withdrawn_does_not_pile_up(queue: MemoryQueue, delay: int) -> None:
    for _ in range(500):
        entries = queue.admit([notification(delay=delay)])
        queue.push(entries)
        assert queue.withdraw(entries[0])
        queue.finish_withdrawal(entries[0], gone=True)
    backlog = queue._live.backlog
    assert len(backlog._ready) + len(backlog._scheduled) < 100


def test_a_withdrawal_that_failed_does_not_bring_it_back_early(queue: MemoryQueue) -> None:
    entries = queue.admit([notification(delay=1000)])
    queue.push(entries)
    queue.withdraw(entries[0])
    queue.finish_withdrawal(entries[0], gone=False)
    leases = queue.lease(limit=1, lease_seconds=30, now=T0 + 1000)
    queue.release(leases[0], due_at=T0 + 9000)
    assert queue.lease(limit=1, lease_seconds=30, now=T0 + 8999) == []


def test_a_withdrawal_that_failed_does_not_show_it_twice(queue: MemoryQueue) -> None:
    entries = queue.admit([notification()])
    queue.push(entries)
    queue.withdraw(entries[0])
    queue.finish_withdrawal(entries[0], gone=False)
    assert queue.stats(now=T0).ready == 1
    assert queue.waiting(limit=9) == entries
    assert len(queue.lease(limit=9, lease_seconds=30, now=T0)) == 1


def test_what_is_leaving_cannot_be_leased_or_withdrawn_again(queue: MemoryQueue) -> None:
    entries = queue.admit([notification()])
    queue.push(entries)
    assert queue.withdraw(entries[0])
    assert not queue.withdraw(entries[0])
    assert queue.lease(limit=1, lease_seconds=30, now=T0) == []
    assert queue.free_to_go(None) == []


def test_leases_that_were_settled_do_not_pile_up(queue: MemoryQueue) -> None:
    for number in range(100):
        queue.push(queue.admit([notification()]))
        (lease,) = queue.lease(limit=1, lease_seconds=1, now=T0 + number * 100)
        assert queue.settle(lease) is not None
    leases = queue._live._leases
    assert not leases._held
    assert len(leases._deadlines) <= 11


def test_restored_entries_are_numbered_before_new_ones(queue: MemoryQueue) -> None:
    queue.number_from(40)
    kept = queue.admit([notification()])
    queue.give_back(kept)
    queue.readmit(kept)
    assert queue.admit([notification()])[0].seq == 41


def test_more_than_the_bound_may_be_restored() -> None:
    queue = MemoryQueue(QueueLimits(max_size=1))
    kept = MemoryQueue(QueueLimits()).admit([notification(), notification()])
    queue.readmit(kept)
    assert queue.stats(now=T0).waiting == 2
