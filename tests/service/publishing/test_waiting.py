from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.errors import Draining, Exhausted, NotFound
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, NotificationId
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.policy.publishing.waiting import Until, Verdict
from notifyd.service.publishing.notifications import Notifications
from notifyd.service.publishing.waiting import Sight, Wait, Waiting

if TYPE_CHECKING:
    from tests.service.node import Node

ACKED, DISPATCHED = (Wait(until, timeout_seconds=30) for until in (Until.ACKED, Until.DISPATCHED))


@pytest.fixture
def waiting(node: Node) -> Waiting:
    receipts = node.broker.receipts
    return Waiting(Notifications(node.broker.queue, receipts, node.counters), receipts, max_waiters=2)


class Watch:
    """One wait under way."""

    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.end: Sight | None = None

    async def run(self, waiting: Waiting, notification_id: str, wait: Wait) -> None:
        self.end = await waiting.watch(None, notification_id, wait, self._tell)

    async def _tell(self, sight: Sight) -> None:
        self.sights.append(sight)


def ack(node: Node, notification_id: str) -> None:
    node.broker.receipts.note(NotificationId(notification_id), TimelineEvent(now_ms(), Happening.ACKED), acked=1)


async def test_each_change_is_told_and_then_the_verdict(
    node: Node, waiting: Waiting, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    identifier = await node.publish()
    watch = Watch()
    nursery.start_soon(watch.run, waiting, identifier, ACKED)
    await trio.testing.wait_all_tasks_blocked()
    await node.dispatch()
    await trio.testing.wait_all_tasks_blocked()
    before = trio.current_time()
    ack(node, identifier)
    await trio.testing.wait_all_tasks_blocked()
    assert trio.current_time() == before  # the doorbell rang
    assert watch.end is not None
    assert (watch.end.verdict, watch.end.acked, watch.end.wanted) == (Verdict.DONE, 1, 1)
    assert [sight.receipt.state.value for sight in watch.sights][:2] == ["waiting", "dispatched"]
    assert watch.sights[-1] == watch.end
    assert waiting.waiters == 0


async def test_it_ends_with_its_time(node: Node, waiting: Waiting, autojump_clock: trio.testing.MockClock) -> None:
    identifier = await node.publish()
    await node.dispatch()
    before = trio.current_time()
    sight = await waiting.watch(DEFAULT_CLIENT, identifier, ACKED)
    assert sight.verdict is Verdict.TIMED_OUT
    assert trio.current_time() - before == pytest.approx(30)


async def test_what_is_so_already_is_told_at_once(node: Node, waiting: Waiting) -> None:
    identifier = await node.publish()
    await node.dispatch()
    assert (await waiting.watch(None, identifier, DISPATCHED)).verdict is Verdict.DONE


async def test_what_is_withdrawn_cannot_come_true(
    node: Node, waiting: Waiting, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    identifier = await node.publish(delay_ms=60_000)
    watch = Watch()
    nursery.start_soon(watch.run, waiting, identifier, DISPATCHED)
    await trio.testing.wait_all_tasks_blocked()
    await node.broker.queue.cancel(None, NotificationId(identifier), now=now_ms())
    await trio.testing.wait_all_tasks_blocked()
    assert watch.end is not None
    assert watch.end.verdict is Verdict.FAILED


async def test_another_clients_is_not_found(node: Node, waiting: Waiting) -> None:
    identifier = await node.publish()
    with pytest.raises(NotFound):
        await waiting.watch(ClientId("other"), identifier, DISPATCHED)
    assert waiting.waiters == 0


async def test_no_more_wait_than_may(
    node: Node, waiting: Waiting, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    identifier = await node.publish(delay_ms=60_000)
    for _ in range(2):
        nursery.start_soon(Watch().run, waiting, identifier, DISPATCHED)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(Exhausted) as refused:
        await waiting.watch(None, identifier, DISPATCHED)
    assert refused.value.code == "too_many_waiters"
    assert waiting.waiters == 2


async def test_a_drain_ends_every_wait(
    node: Node, waiting: Waiting, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    identifier = await node.publish(delay_ms=60_000)
    ended: list[str] = []

    async def wait() -> None:
        with pytest.raises(Draining) as refused:
            await waiting.watch(None, identifier, DISPATCHED)
        ended.append(refused.value.code)

    nursery.start_soon(wait)
    await trio.testing.wait_all_tasks_blocked()
    waiting.drain()
    await trio.testing.wait_all_tasks_blocked()
    await wait()
    assert (ended, waiting.waiters) == (["draining", "draining"], 0)
