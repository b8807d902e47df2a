from __future__ import annotations

import base64
import hashlib
import hmac
import time

import msgspec
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from notifyd.policy.webhooks.answers import WebhookAnswer
from notifyd.store.ports import Lane
from tests.dispatch.push_house import Clock
from tests.dispatch.webhook_house import EventHouse
from tests.webhooks.parts import AWAY, DOWN, GONE, OK, RULES, SECRET, endpoint


@pytest.fixture
async def house(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> EventHouse:
    monkeypatch.setattr(time, "time_ns", Clock())
    house = EventHouse(endpoint("a"), endpoint("b", "user.connected"))
    nursery.start_soon(house.router.run)
    return house


def both(house: EventHouse) -> None:
    house.book.configure([endpoint("a"), endpoint("b")])


async def test_an_event_is_signed_and_taken(house: EventHouse, autojump_clock) -> None:
    house.happen()
    await trio.sleep(1)
    (call,) = house.caller.calls
    event = msgspec.json.decode(call.body)
    sent_at = call.headers["webhook-timestamp"]
    assert (call.url, call.headers["webhook-id"], call.headers["Content-Type"]) == (
        "http://a/", event["id"], "application/json",
    )  # fmt: skip
    signed = f"{event['id']}.{sent_at}.".encode() + call.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"
    assert house.ended() == {"dispatched": 1}
    figures = house.book.figures("a")
    assert (figures.state, figures.delivered, house.counters.webhooks_delivered) == ("idle", 1, 1)


async def test_what_fails_is_told_again_with_the_same_id_and_a_new_time(house: EventHouse, autojump_clock) -> None:
    house.caller.script("a", DOWN, WebhookAnswer(429, retry_after="20"), OK)
    house.happen()
    await trio.sleep(60)
    first, second, third = house.caller.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == third.headers["webhook-id"]
    assert first.body == third.body
    assert int(third.headers["webhook-timestamp"]) - int(second.headers["webhook-timestamp"]) >= 20
    assert house.ended() == {"dispatched": 1}
    assert (house.counters.webhooks_failed, house.counters.webhooks_delivered) == (2, 1)


async def test_what_does_not_pass_is_a_dead_letter(house: EventHouse, autojump_clock) -> None:
    house.caller.script("a", DOWN)
    house.happen()
    await trio.sleep(60)
    (outcome,) = house.queue.settled.values()
    assert (outcome.state.value, outcome.reason, outcome.lease.attempts) == ("dead", "http_500", 2)
    assert outcome.error == "the endpoint answered with HTTP status 500"
    figures = house.book.figures("a")
    assert (figures.failed, figures.dead, figures.state, house.counters.dead) == (RULES.max_attempts, 1, "failing", 1)


async def test_who_is_gone_is_called_once(house: EventHouse, autojump_clock) -> None:
    house.caller.script("a", GONE)
    house.happen()
    await trio.sleep(60)
    assert (house.ended(), len(house.caller.calls)) == ({"dead": 1}, 1)


async def test_one_that_hangs_holds_up_only_itself(house: EventHouse, autojump_clock) -> None:
    both(house)
    house.caller.seconds["a"] = 1000
    house.happen(20)
    await trio.sleep(1)
    assert house.ended("b") == {"dispatched": 20}
    # each has its share of the calls
    assert (house.caller.peak["a"], house.caller.peak["b"]) == (2, 2)
    assert await house.router.waiting() == {"a": 20}


async def test_who_is_away_is_left_alone_and_then_asked_by_one(house: EventHouse, autojump_clock) -> None:
    house.caller.script("a", AWAY)
    house.happen(20)
    await trio.sleep(0.4)
    share = RULES.batch_size // 2
    assert len(house.caller.calls) == share
    house.caller.script("a", OK)
    await trio.sleep(30)
    assert house.ended() == {"dispatched": 20}
    # the gate opened once, for one that went ahead
    assert house.caller.at["a"][share] - house.caller.at["a"][0] >= 0.5


async def test_another_share_counts_at_once(house: EventHouse, autojump_clock) -> None:
    house.caller.seconds["a"] = 5
    house.happen(9)
    await trio.sleep(1)
    house.router.rules = msgspec.structs.replace(RULES, batch_size=8)
    await trio.sleep(5)
    assert house.caller.peak["a"] == 4  # two webhooks share the eight


async def test_what_has_expired_is_not_told(house: EventHouse, autojump_clock) -> None:
    house.desk.rules = msgspec.structs.replace(house.desk.rules, expiry_ms=10_000)
    house.caller.script("a", WebhookAnswer(503, retry_after="30"), OK)
    house.happen()
    await trio.sleep(60)
    assert (house.ended(), len(house.caller.calls)) == ({"expired": 1}, 1)
    assert (house.counters.webhooks_dropped, house.book.figures("a").dropped) == (1, 1)


async def test_the_events_of_a_webhook_that_is_not_there_any_more(house: EventHouse, autojump_clock) -> None:
    house.queue.memory.paused = True
    house.happen()
    house.book.configure([])
    house.queue.memory.paused = False
    house.queue.memory.ring_all()
    await trio.sleep(1)
    (outcome,) = house.queue.settled.values()
    assert (outcome.state.value, outcome.reason, house.caller.calls) == ("dead", "webhook_removed", [])


async def test_a_pause_of_the_queue_is_one_for_those_that_wait_here(house: EventHouse, autojump_clock) -> None:
    house.caller.seconds["a"] = 5
    house.happen(4)
    await trio.sleep(1)
    house.queue.memory.paused = True
    await trio.sleep(60)
    assert len(house.caller.calls) == 2
    house.queue.memory.paused = False
    await trio.sleep(10)
    assert house.ended() == {"dispatched": 4}


async def test_what_waits_is_counted_wherever_it_waits(house: EventHouse, autojump_clock) -> None:
    house.caller.script("a", WebhookAnswer(500, retry_after="30"))
    house.happen(3)
    await trio.sleep(1)
    assert await house.router.waiting() == {"a": 3}
    assert house.book.figures("a").in_flight == 0


async def test_a_fault_of_ours_ends_neither_the_router_nor_the_others(house: EventHouse, autojump_clock) -> None:
    both(house)
    house.caller.script("a", ValueError("a fault"))
    house.happen()
    await trio.sleep(30)
    assert (house.ended("a"), house.ended("b")) == ({"dead": 1}, {"dispatched": 1})
    assert house.counters.errors == RULES.max_attempts


async def test_what_was_begun_is_finished(autojump_clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", Clock())
    house = EventHouse(endpoint("a"))
    house.caller.seconds["a"] = 2
    house.happen(9)
    with trio.move_on_after(1) as running:
        await house.router.run()
    assert running.cancelled_caught
    assert house.ended() == {"dispatched": RULES.batch_size}


async def test_who_hangs_holds_up_no_end_and_is_told_again(autojump_clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", Clock())
    house = EventHouse(endpoint("a"))
    house.caller.seconds["a"] = 300
    house.happen()
    before = trio.current_time()
    with trio.move_on_after(1):
        await house.router.run()
    assert trio.current_time() - before <= 5
    assert (house.ended(), house.book.figures("a").in_flight) == ({}, 0)
    assert house.queue.size(Lane.WEBHOOK) == 1


async def test_an_idle_line_starts_again(house: EventHouse, autojump_clock) -> None:
    for _ in range(3):
        house.happen()
        await wait_all_tasks_blocked()
        await trio.sleep(1)
    assert house.ended() == {"dispatched": 3}
