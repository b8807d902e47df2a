from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.dispatch.webhook_line import WebhookLine
from notifyd.policy.backoff import Backoff
from notifyd.store.ports import Lease
from tests.store.samples import notification

if TYPE_CHECKING:
    from notifyd.dispatch.gate import Gate

RULES = Backoff(max_attempts=3, retry_seconds=1, retry_max_seconds=8)


class Street:
    """One line, and what it delivers after so many seconds."""

    def __init__(self, share: int = 2) -> None:
        self.delivered: list[str] = []
        self.seconds, self.share, self.paused = 1.0, share, False
        self.line = WebhookLine(self._deliver, lambda: self.share, lambda: self.paused)

    async def _deliver(self, lease: Lease, gate: Gate) -> None:
        await trio.sleep(self.seconds)
        self.delivered.append(lease.notification.id)

    def put(self, count: int) -> list[str]:
        made = [notification() for _ in range(count)]
        for each in made:
            self.line.put(Lease(each, 0, 1))
        return [each.id for each in made]


async def test_all_are_told_in_their_order_and_then_it_ends(autojump_clock) -> None:
    street = Street(share=1)
    assert street.line.idle
    made = street.put(3)
    assert (len(street.line), street.line.idle) == (3, False)
    with trio.fail_after(10):
        await street.line.run()
    assert (street.delivered, street.line.idle, trio.current_time()) == (made, True, 3.0)


async def test_so_many_go_at_once(autojump_clock) -> None:
    street = Street(share=3)
    street.put(6)
    with trio.fail_after(10):
        await street.line.run()
    assert trio.current_time() == 2.0


async def test_what_comes_while_others_are_on_the_way_goes_too(autojump_clock, nursery: trio.Nursery) -> None:
    street = Street(share=2)
    street.put(1)
    nursery.start_soon(street.line.run)
    await trio.sleep(0.5)
    street.put(1)
    await trio.sleep(1.1)
    assert (len(street.delivered), street.line.idle) == (2, True)


async def test_a_closed_gate_is_waited_for(autojump_clock, nursery: trio.Nursery) -> None:
    street = Street()
    street.line.gate.close(20, RULES, now=trio.current_time(), chance=1)
    street.put(1)
    nursery.start_soon(street.line.run)
    await trio.sleep(19)
    assert street.delivered == []
    await trio.sleep(3)
    assert len(street.delivered) == 1


async def test_a_gate_that_is_opened_again_is_not_waited_for(autojump_clock, nursery: trio.Nursery) -> None:
    street = Street()
    street.line.gate.close(600, RULES, now=trio.current_time(), chance=1)
    street.put(3)
    nursery.start_soon(street.line.run)
    await trio.sleep(1)
    street.line.reopen()
    await trio.sleep(3)
    assert len(street.delivered) == 3


async def test_a_pause_is_noticed_and_its_end_too(autojump_clock, nursery: trio.Nursery) -> None:
    street = Street()
    street.paused = True
    street.put(1)
    nursery.start_soon(street.line.run)
    await trio.sleep(30)
    street.paused = False
    await trio.sleep(3)
    assert len(street.delivered) == 1


async def test_what_was_begun_is_finished_and_the_rest_is_left(autojump_clock) -> None:
    street = Street()
    street.put(5)
    with trio.move_on_after(0.5):
        await street.line.run()
    await wait_all_tasks_blocked()
    assert (len(street.delivered), len(street.line)) == (2, 3)
