from __future__ import annotations

import time

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.model.ids import UserId
from tests.dispatch.push_house import (
    ANN,
    BOB,
    DEAD,
    DOWN,
    OK,
    RULES,
    SENDER,
    UNREACHABLE,
    Clock,
    House,
    quota,
)


@pytest.fixture
async def house(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(time, "time_ns", Clock())
    house = House()
    house.book.tokens.update({ANN: ["a1"], BOB: ["b1"]})
    nursery.start_soon(house.router.run)
    return house


def users(house: House, count: int) -> list[UserId]:
    """So many users with a device each."""
    made = [UserId(f"u{number:03d}") for number in range(count)]
    house.book.tokens.update({user: [f"t-{user}"] for user in made})
    return made


async def test_what_all_devices_took_is_dispatched(house: House, autojump_clock) -> None:
    house.book.tokens[ANN] = ["a1", "a2"]
    await house.offer(ANN)
    await trio.sleep(1)
    assert house.outcome() == ("dispatched", 2, "")
    assert house.told == [("ann", 2, 0, "")]
    assert (house.counters.pushes_accepted, house.counters.dead, house.router.in_flight) == (2, 0, 0)


async def test_the_message_carries_the_notification(house: House, autojump_clock) -> None:
    parent = await house.offer(ANN, data=b'{"title":"T","data":{"k":1}}', priority=9)
    await trio.sleep(1)
    (message,) = house.provider.messages
    assert (message.token, message.content.title, message.content.high) == ("a1", "T", True)
    assert message.content.data == {"k": "1", "notificationId": parent, "clientId": "default"}


async def test_a_device_that_is_gone_is_removed(house: House, autojump_clock) -> None:
    house.book.tokens[ANN] = ["old", "a1"]
    house.provider.script("old", DEAD)
    await house.offer(ANN)
    await trio.sleep(1)
    assert house.book.removed == ["old"]
    assert house.outcome() == ("dispatched", 1, "unregistered")
    assert house.told == [("ann", 1, 1, "unregistered")]
    assert house.counters.devices_removed == 1


async def test_a_device_that_cannot_be_removed_now_is_next_time(house: House, autojump_clock) -> None:
    house.provider.script("a1", DEAD)
    house.provider.seconds = 1
    await house.offer(ANN)
    await trio.sleep(0.5)
    house.book.away = True
    await trio.sleep(1)
    assert house.outcome() == ("dispatched", 0, "unregistered")
    assert (house.book.removed, house.counters.devices_removed) == ([], 0)


async def test_a_user_whose_devices_are_all_gone_by_now_is_done(house: House, autojump_clock) -> None:
    house.provider.script("a1", DOWN)
    await house.offer(ANN)
    await wait_all_tasks_blocked()
    house.book.tokens.clear()
    await trio.sleep(2)
    assert house.told == [("ann", 0, 0, "no_devices")]
    assert house.outcome() == ("dispatched", 0, "")


async def test_a_refusal_for_good_is_a_dead_letter(house: House, autojump_clock) -> None:
    house.provider.script("a1", SENDER)
    await house.offer(ANN)
    await trio.sleep(60)
    assert house.outcome() == ("dead", 0, "sender_id_mismatch")
    assert house.told == [("ann", 0, 1, "sender_id_mismatch")]
    assert (house.provider.calls["a1"], house.counters.dead, house.counters.pushes_failed) == (1, 1, 1)
    assert house.book.tokens[ANN] == ["a1"]


async def test_what_passes_is_tried_again_until_it_works(house: House, autojump_clock) -> None:
    house.provider.script("a1", DOWN, DOWN, OK)
    await house.offer(ANN)
    await trio.sleep(10)
    assert house.outcome() == ("dispatched", 1, "")
    first, second, third = house.provider.at["a1"]
    assert 0 < second - first <= 1.001
    assert 0 < third - second <= 2.001
    assert house.counters.pushes_retried == 2


async def test_what_does_not_pass_is_a_dead_letter_in_the_end(house: House, autojump_clock) -> None:
    house.provider.script("a1", DOWN)
    await house.offer(ANN)
    await trio.sleep(10)
    assert house.outcome() == ("dead", 0, "unavailable")
    assert (house.provider.calls["a1"], house.told) == (RULES.max_attempts, [("ann", 0, 1, "unavailable")])


async def test_devices_that_had_it_are_not_rung_again(house: House, autojump_clock) -> None:
    house.book.tokens[ANN] = ["a1", "slow", "old"]
    house.provider.script("slow", DOWN, OK)
    house.provider.script("old", DEAD)
    await house.offer(ANN)
    await trio.sleep(10)
    assert house.provider.calls == {"a1": 1, "old": 1, "slow": 2}
    assert house.told == [("ann", 1, 1, "unregistered"), ("ann", 1, 0, "unregistered")]
    assert house.outcome()[:2] == ("dispatched", 2)


async def test_nor_where_the_store_forgot_that_they_had_it(house: House, autojump_clock) -> None:
    house.queue.away = True
    await house.offer(ANN)
    await trio.sleep(1)
    house.queue.away = False
    await trio.sleep(RULES.lease_seconds + 31)
    assert house.outcome()[:2] == ("dispatched", 1)
    assert house.provider.calls["a1"] == 1


async def test_what_one_device_took_is_no_dead_letter(house: House, autojump_clock) -> None:
    house.book.tokens[ANN] = ["a1", "slow"]
    house.provider.script("slow", DOWN)
    await house.offer(ANN)
    await trio.sleep(10)
    assert house.outcome() == ("dispatched", 1, "unavailable")
    assert house.told == [("ann", 1, 0, ""), ("ann", 0, 1, "unavailable")]


async def test_it_waits_as_long_as_it_was_told(house: House, autojump_clock) -> None:
    house.provider.script("a1", quota("120"), OK)
    await house.offer(ANN)
    await trio.sleep(119)
    assert house.provider.calls["a1"] == 1
    await trio.sleep(3)
    first, second = house.provider.at["a1"]
    assert 120 <= second - first <= 121.002
    assert house.outcome() == ("dispatched", 1, "")


async def test_what_is_told_is_bounded(house: House, autojump_clock) -> None:
    house.provider.script("a1", quota("86400"), OK)
    await house.offer(ANN)
    await trio.sleep(RULES.max_retry_after_seconds + 2)
    assert house.outcome() == ("dispatched", 1, "")


async def test_a_provider_that_wants_a_pause_is_left_alone_by_all(house: House, autojump_clock) -> None:
    house.provider.script("a1", quota("30"), OK)
    await house.offer(ANN)
    await trio.sleep(1)
    assert 28 < house.router.paused_seconds() < 30
    await house.offer(BOB)
    await trio.sleep(28)
    assert house.provider.calls == {"a1": 1}
    await trio.sleep(3)
    assert house.provider.calls == {"a1": 2, "b1": 1}
    assert (house.router.paused_seconds(), house.outcomes()) == (0, {"dispatched": 2})


async def test_one_finds_out_for_all_whether_the_provider_is_back(house: House, autojump_clock) -> None:
    waiting = users(house, 8)
    for user in waiting:
        house.provider.script(f"t-{user}", UNREACHABLE)
    await house.offer(*waiting)
    await trio.sleep(30)
    # all at once, then one alone after 0.5-1, 1-2, 2-4 and then 4-8 seconds, so that few spend their last try
    assert 8 + 5 <= len(house.provider.messages) <= 8 + 9
    dead = house.outcomes()["dead"]
    assert dead <= 4
    for user in waiting:
        house.provider.script(f"t-{user}", OK)
    await trio.sleep(10)
    assert house.outcomes()["dispatched"] == 8 - dead


async def test_the_others_go_on_while_one_hangs(house: House, autojump_clock) -> None:
    waiting = users(house, 30)
    house.provider.seconds = 5
    await house.offer(*waiting)
    await trio.sleep(16)
    assert house.outcomes() == {"dispatched": 30}
    assert house.provider.peak == RULES.batch_size


async def test_room_is_filled_as_soon_as_there_is_some(house: House, autojump_clock) -> None:
    house.provider.seconds = 5
    await house.offer(ANN)
    await trio.sleep(1)
    await house.offer(*users(house, 10))
    await trio.sleep(1)
    assert house.provider.busy == RULES.batch_size
    await trio.sleep(3.5)
    assert (house.provider.busy, len(house.provider.messages)) == (10, 11)


async def test_what_has_expired_is_not_pushed(house: House, autojump_clock) -> None:
    house.provider.script("a1", quota("30"))
    await house.offer(ANN, ttl=10)
    await trio.sleep(32)
    assert house.outcome() == ("expired", 0, "")
    assert (house.provider.calls["a1"], house.told) == (1, [("ann", 0, 0, "expired")])


async def test_who_has_it_by_now_is_not_pushed(house: House, autojump_clock) -> None:
    house.provider.script("a1", DOWN)
    parent = await house.offer(ANN)
    await wait_all_tasks_blocked()
    house.arrived.add(parent)
    await trio.sleep(10)
    assert house.outcome() == ("dispatched", 0, "")
    assert (house.provider.calls["a1"], house.told) == (1, [])


async def test_while_devices_cannot_be_read_it_waits(house: House, autojump_clock) -> None:
    house.provider.script("a1", DOWN, OK)
    await house.offer(ANN)
    await wait_all_tasks_blocked()
    house.book.away = True
    await trio.sleep(60)
    assert (house.queue.settled, house.provider.calls["a1"]) == ({}, 1)
    house.book.away = False
    await trio.sleep(9)
    assert house.outcome() == ("dispatched", 1, "")


async def test_a_fault_of_ours_ends_neither_the_router_nor_the_others(house: House, autojump_clock) -> None:
    house.provider.script("a1", ValueError("a fault"))
    await house.offer(ANN, BOB)
    await trio.sleep(10)
    assert sorted(house.outcomes()) == ["dead", "dispatched"]
    assert ("ann", 0, 1, "fault") in house.told
    assert house.counters.errors == RULES.max_attempts


async def test_a_fault_before_sending_is_no_end_either(
    house: House, autojump_clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError("a fault")

    house.provider.script("a1", DOWN)
    await house.offer(ANN)
    await wait_all_tasks_blocked()
    monkeypatch.setattr(house.book, "of_users", broken)
    await trio.sleep(10)
    assert house.outcome() == ("dead", 0, "fault")
    assert house.router.in_flight == 0


async def test_what_was_begun_is_finished(autojump_clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", Clock())
    house = House()
    house.book.tokens[ANN] = ["a1"]
    house.provider.seconds = 5
    await house.offer(ANN)
    with trio.move_on_after(1) as running:
        await house.router.run()
    assert running.cancelled_caught
    assert trio.current_time() >= 5
    assert house.outcome() == ("dispatched", 1, "")
