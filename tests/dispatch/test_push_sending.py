"""One try to send one push."""

from __future__ import annotations

import pytest

from notifyd.clock import now_ms
from notifyd.dispatch.gate import Gate
from notifyd.dispatch.push_sending import PushSending
from notifyd.model.device import Device
from notifyd.model.ids import DEFAULT_CLIENT, DeviceId, NotificationId
from notifyd.model.notification import Kind, State
from notifyd.store.ports import Lease, Outcome
from tests.dispatch.push_house import ANN, DEAD, DOWN, OK, RULES, SENDER, UNREACHABLE, House


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def sending(house: House, gate: Gate) -> PushSending:
    return PushSending(house.provider, house.book, house, gate, house.counters)


def device(token: str) -> Device:
    return Device(DeviceId(f"dev-{token}"), DEFAULT_CLIENT, ANN, token, created_at=0, seen_at=0)


def lease(house: House, attempts: int = 0) -> Lease:
    push = house.notification(ANN, id=NotificationId("p1"), kind=Kind.PUSH, parent=NotificationId("n1"))
    return Lease(push, attempts, token=1)


async def test_every_device_is_sent_to_and_counted(house: House, sending: PushSending) -> None:
    house.provider.script("two", SENDER)
    outcome = await sending.attempt(lease(house), [device("one"), device("two")], RULES)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.delivered, outcome.reason) == (State.DISPATCHED, 1, "sender_id_mismatch")
    assert house.told == [("ann", 1, 1, "sender_id_mismatch")]
    assert (house.counters.pushes_accepted, house.counters.pushes_failed) == (1, 1)


async def test_a_device_that_is_gone_is_removed(house: House, sending: PushSending) -> None:
    house.provider.script("one", DEAD)
    outcome = await sending.attempt(lease(house), [device("one")], RULES)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, house.book.removed, house.counters.devices_removed) == (State.DISPATCHED, ["one"], 1)


async def test_only_those_that_did_not_have_it_are_tried_again(house: House, sending: PushSending) -> None:
    house.provider.script("two", DOWN, OK)
    devices = [device("one"), device("two")]
    again = await sending.attempt(lease(house), devices, RULES)
    assert isinstance(again, int)
    assert again >= now_ms()
    outcome = await sending.attempt(lease(house, 1), devices, RULES)
    assert isinstance(outcome, Outcome)
    assert (outcome.delivered, house.provider.calls) == (2, {"one": 1, "two": 2})


async def test_what_is_forgotten_is_tried_anew(house: House, sending: PushSending) -> None:
    house.provider.script("two", DOWN)
    devices = [device("one"), device("two")]
    await sending.attempt(lease(house), devices, RULES)
    sending.forget([NotificationId("p1")])
    await sending.attempt(lease(house), devices, RULES)
    assert house.provider.calls == {"one": 2, "two": 2}


async def test_a_provider_that_cannot_be_reached_is_left_alone(house: House, sending: PushSending, gate: Gate) -> None:
    house.provider.script("one", UNREACHABLE)
    assert isinstance(await sending.attempt(lease(house), [device("one")], RULES), int)
    assert gate.opens_at > 0


async def test_after_the_last_try_it_is_dead(house: House, sending: PushSending) -> None:
    house.provider.script("one", DOWN)
    outcome = await sending.attempt(lease(house, RULES.max_attempts - 1), [device("one")], RULES)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, outcome.reason) == (State.DEAD, "unavailable")


async def test_each_call_of_the_provider_is_timed(house: House, sending: PushSending) -> None:
    await sending.attempt(lease(house), [device("one"), device("two")], RULES)
    assert sum(house.counters.times.push.counts) == 1
