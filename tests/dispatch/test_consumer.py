from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.clock import now_ms
from notifyd.dispatch.consumer import LaneConsumer, LaneRules
from notifyd.model.notification import State
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.ports import Lane, Outcome
from notifyd.telemetry.metrics import Counters
from tests.dispatch.push_house import Clock, LaneQueue
from tests.store.samples import for_users, push_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import NotificationId
    from notifyd.store.ports import Lease


class Work:
    """Does with what it is given as the test says."""

    def __init__(self) -> None:
        self.queue, self.counters = LaneQueue(), Counters()
        self.consumer = LaneConsumer(self.queue, Lane.PUSH, self, self.counters)
        self.lane_rules = LaneRules(lease_seconds=60, max_attempts=3, retry_seconds=5)
        self.most, self.opens = 10, 0.0
        self.taken: list[Lease] = []
        self.given: list[NotificationId] = []
        self.ended: list[NotificationId] = []
        self.problem: Exception | None = None

    def room(self) -> int:
        return 0 if trio.current_time() < self.opens else self.most - self.consumer.held

    def opens_at(self) -> float:
        return self.opens

    async def deliver(self, leases: Sequence[Lease]) -> None:
        self.taken += leases
        if self.problem is not None:
            raise self.problem

    def given_up(self, lease: Lease) -> None:
        self.given.append(lease.notification.id)

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        self.ended += [outcome.lease.notification.id for outcome in outcomes]

    def put(self, count: int = 1) -> None:
        pushes = [push_of(for_users("anna"), "anna", at=now_ms()) for _ in range(count)]
        self.queue.enqueue(pushes, now=now_ms())

    async def settle(self, lease: Lease) -> None:
        await self.consumer.settle([Outcome(lease, State.DISPATCHED)])


@pytest.fixture
async def work(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(time, "time_ns", Clock())
    work = Work()
    nursery.start_soon(work.consumer.run)
    return work


async def test_it_takes_as_many_as_there_is_room_for(work: Work, autojump_clock) -> None:
    work.most = 3
    work.put(5)
    await wait_all_tasks_blocked()
    assert (len(work.taken), work.consumer.held) == (3, 3)
    await work.settle(work.taken[0])
    await wait_all_tasks_blocked()
    assert (len(work.taken), work.ended) == (4, [work.taken[0].notification.id])


async def test_a_closed_gate_is_waited_for(work: Work, autojump_clock) -> None:
    work.opens = trio.current_time() + 20
    work.put()
    await trio.sleep(19)
    assert work.taken == []
    await trio.sleep(2)
    assert len(work.taken) == 1


async def test_what_is_given_back_comes_again_with_a_try_more(work: Work, autojump_clock) -> None:
    work.put()
    await wait_all_tasks_blocked()
    work.consumer.release(work.taken, due_at=now_ms() + 7000)
    await trio.sleep(6)
    assert len(work.taken) == 1
    await trio.sleep(2)
    assert [lease.attempts for lease in work.taken] == [0, 1]


async def test_a_try_that_is_made_again_is_in_the_timeline(work: Work, autojump_clock) -> None:
    noted: list[tuple[str, TimelineEvent]] = []

    class Notes:
        def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
            noted.append((notification_id, event))

    work.consumer.notes = Notes()
    work.put()
    await wait_all_tasks_blocked()
    work.consumer.release(work.taken, due_at=now_ms() + 7000, reason="unavailable")
    ((parent, event),) = noted
    assert parent == work.taken[0].notification.parent
    assert (event.happening, event.user_id, event.attempt, event.detail) == (
        Happening.RETRIED, "anna", 1, "unavailable",
    )  # fmt: skip


async def test_a_lease_that_ran_out_is_taken_again_and_nothing_is_begun_twice(work: Work, autojump_clock) -> None:
    work.put()
    await trio.sleep(200)
    assert (len(work.taken), work.consumer.held) == (1, 1)
    await work.settle(work.taken[0])
    assert list(work.queue.settled) == [work.taken[0].notification.id]


async def test_what_the_store_did_not_take_is_begun_again(work: Work, autojump_clock) -> None:
    work.put()
    await wait_all_tasks_blocked()
    work.queue.away = True
    await work.settle(work.taken[0])
    assert (work.ended, work.consumer.held) == ([], 0)
    work.queue.away = False
    await trio.sleep(61)
    assert len(work.taken) == 2


async def test_a_fault_is_brought_out_so_often_and_not_for_ever(work: Work, autojump_clock) -> None:
    work.problem = ValueError("a fault")
    work.put()
    await trio.sleep(60)
    assert [lease.attempts for lease in work.taken] == [0, 1, 2]
    (outcome,) = work.queue.settled.values()
    assert (outcome.state, outcome.reason) == (State.DEAD, "fault")
    assert "log" in outcome.error
    assert (work.given, work.counters.errors, work.counters.dead) == ([outcome.lease.notification.id], 3, 1)
