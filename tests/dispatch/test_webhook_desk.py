from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from notifyd.model.notification import Kind, State
from notifyd.policy.publishing.dead_letters import letter_of
from notifyd.policy.webhooks.events import EventType
from notifyd.store.ports import Lane
from tests.dispatch.webhook_house import EventHouse
from tests.store.samples import for_users, notification
from tests.webhooks.parts import endpoint

if TYPE_CHECKING:
    import pytest

    from notifyd.model.notification import Notification


def kept(house: EventHouse) -> list[Notification]:
    return house.queue.pushes


def body(event: Notification) -> dict[str, Any]:
    return msgspec.json.decode(event.data)


def test_what_reached_nobody_is_kept_for_each_that_wants_it() -> None:
    house = EventHouse(endpoint("a"), endpoint("b", "notification.unreached"), endpoint("c", "notification.dead"))
    lost = notification()
    house.desk.unreached(lost, State.DISPATCHED, 0)
    first, second = kept(house)
    assert (first.kind, first.channel, second.channel, first.parent) == (Kind.WEBHOOK, "a", "b", lost.id)
    assert first.id != second.id
    assert first.data == second.data
    assert body(first)["type"] == "notification.unreached"
    assert body(first)["data"]["notificationId"] == lost.id
    assert first.expires_at - first.accepted_at == house.desk.rules.expiry_ms
    assert house.queue.size(Lane.WEBHOOK) == 2


def test_who_catches_up_is_reached() -> None:
    house = EventHouse(endpoint("a"))
    house.online.add("anna")
    house.desk.unreached(for_users("bob", "anna"), State.DISPATCHED, 2)
    assert kept(house) == []
    house.desk.unreached(for_users("bob"), State.DISPATCHED, 1)
    assert body(kept(house)[0])["data"]["users"] == ["bob"]


def test_a_dead_letter_is_told_but_not_that_of_an_event() -> None:
    house = EventHouse(endpoint("a"))
    died = notification()
    house.desk.dead(letter_of(died, reason="fault", error="it broke", attempts=3, now=5))
    event = notification("a", kind=Kind.WEBHOOK, parent="n1")
    house.desk.dead(letter_of(event, reason="http_500", error="it said no", attempts=3, now=5))
    house.desk.unreached(event, State.EXPIRED, 0)
    (told,) = kept(house)
    assert (body(told)["type"], body(told)["data"]["reason"], told.parent) == ("notification.dead", "fault", died.id)


def test_comings_and_goings_are_told() -> None:
    house = EventHouse(endpoint("a"))
    house.desk.user(EventType.USER_CONNECTED, ClientId("shop"), UserId("ann"))
    house.desk.channel(EventType.VACATED, DEFAULT_CLIENT, "orders")
    user, channel = map(body, kept(house))
    assert (user["type"], user["clientId"], user["data"]) == ("user.connected", "shop", {"userId": "ann"})
    assert (channel["type"], channel["data"]) == ("channel.vacated", {"channel": "orders"})


def test_of_another_client_nothing_is_told() -> None:
    house = EventHouse(endpoint("a", client="bank"))
    house.desk.user(EventType.USER_CONNECTED, ClientId("shop"), UserId("ann"))
    assert kept(house) == []


def test_what_a_notification_carries_is_told_only_where_that_is_allowed() -> None:
    house = EventHouse(endpoint("a"))
    house.desk.unreached(notification(data=b'{"secret":1}'), State.DISPATCHED, 0)
    house.desk.rules = msgspec.structs.replace(house.desk.rules, with_data=True)
    house.desk.unreached(notification(data=b'{"secret":1}'), State.DISPATCHED, 0)
    assert [b"secret" in event.data for event in kept(house)] == [False, True]


def test_what_may_not_wait_is_dropped_and_counted() -> None:
    house = EventHouse(endpoint("a"), endpoint("b"))
    house.desk.rules = msgspec.structs.replace(house.desk.rules, max_waiting=3)
    house.happen(4)
    assert (house.queue.size(Lane.WEBHOOK), house.counters.webhooks_dropped) == (3, 5)
    assert (house.book.figures("a").dropped, house.book.figures("b").dropped) == (2, 3)


def test_a_full_queue_drops_too() -> None:
    house = EventHouse(endpoint("a"))
    house.queue.memory.limits = msgspec.structs.replace(house.queue.memory.limits, max_size=1)
    house.happen(3)
    assert (house.queue.size(Lane.WEBHOOK), house.counters.webhooks_dropped) == (1, 2)


def test_a_fault_in_telling_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[str]:
        raise ValueError("a fault")

    house = EventHouse(endpoint("a"))
    monkeypatch.setattr(house.book, "wanting", broken)
    house.desk.unreached(notification(), State.DISPATCHED, 0)
    assert house.counters.errors == 1
