from __future__ import annotations

from typing import Any

import msgspec
import pytest

from notifyd.config.guaranteeing import EVENT_TYPES
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import ClientId, ConnectionId, DeadLetterId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.policy.webhooks.events import (
    EventType,
    Wish,
    dead_data,
    event_body,
    head_of,
    unreached_data,
    worth_telling,
)

SHOP, BANK = ClientId("shop"), ClientId("bank")


def notification(**fields: Any) -> Notification:
    values: dict[str, Any] = {
        "id": NotificationId("n1"), "client_id": SHOP, "kind": Kind.CHANNEL, "channel": "orders",
        "data": b'{"total":5}', "metadata": b"", "priority": 7, "accepted_at": 1000, "due_at": 1000,
        "expires_at": 9000, "order_key": 0,
    }  # fmt: skip
    return Notification(**values | fields)


def test_the_configuration_knows_all_but_the_trial() -> None:
    assert [each.value for each in EventType if each is not EventType.TEST] == list(EVENT_TYPES)


@pytest.mark.parametrize(
    ("wish", "covered"),
    [
        (Wish(), True),
        (Wish(("user.connected",)), False),
        (Wish(("user.connected", "notification.dead")), True),
        (Wish((), SHOP), True),
        (Wish((), BANK), False),
        (Wish(("notification.dead",), BANK), False),
    ],
)
def test_who_wants_what(wish: Wish, covered: bool) -> None:
    assert wish.covers(EventType.DEAD, SHOP) is covered


def test_whoever_it_is() -> None:
    assert Wish(("notification.dead",), BANK).covers(EventType.DEAD)
    assert not Wish(("user.connected",), BANK).covers(EventType.DEAD)


def test_an_event_as_it_is_told() -> None:
    body = event_body("0190", EventType.OCCUPIED, SHOP, {"channel": "orders"}, now=1_700_000_000_000)
    assert body == (
        b'{"id":"evt_0190","type":"channel.occupied","timestamp":"2023-11-14T22:13:20.000Z","clientId":"shop",'
        b'"data":{"channel":"orders"}}'
    )
    assert (head_of(body).id, head_of(body).type) == ("evt_0190", "channel.occupied")


def test_what_is_told_of_one_that_reached_nobody() -> None:
    assert unreached_data(notification(), State.DISPATCHED, 0, with_data=False) == {
        "notificationId": "n1",
        "kind": "channel",
        "channel": "orders",
        "priority": 7,
        "acceptedAt": "1970-01-01T00:00:01.000Z",
        "state": "dispatched",
        "stored": 0,
    }


def test_whom_it_was_for_is_told() -> None:
    one = notification(kind=Kind.USERS, channel="", users=(UserId("ann"),), connections=(ConnectionId("c"),))
    told = unreached_data(one, State.EXPIRED, 1, with_data=False)
    assert (told["channel"], told["users"], told["connections"]) == (None, ["ann"], ["c"])
    assert (told["state"], told["stored"]) == ("expired", 1)


def test_what_it_carries_is_told_to_whom_may_know() -> None:
    told = unreached_data(notification(metadata=b'{"a":1}'), State.DISPATCHED, 0, with_data=True)
    assert b'"data":{"total":5},"metadata":{"a":1}' in msgspec.json.encode(told)


def test_what_is_told_of_a_dead_letter() -> None:
    push = notification(kind=Kind.PUSH, id=NotificationId("p1"), parent=NotificationId("n1"), channel="")
    letter = DeadLetter(DeadLetterId("p1"), Stage.PUSH, push, "http_503", "it said no", 5, 2000, UserId("ann"))
    told = dead_data(letter, with_data=False)
    assert told["deadLetterId"] == "p1"
    assert (told["notificationId"], told["stage"], told["userId"]) == ("n1", "push", "ann")
    assert (told["reason"], told["error"], told["attempts"]) == ("http_503", "it said no", 5)
    assert told["diedAt"] == "1970-01-01T00:00:02.000Z"
    assert not {"durable", "connectionId", "data"} & set(told)


def test_an_event_is_not_told_of() -> None:
    assert worth_telling(notification())
    assert not worth_telling(notification(kind=Kind.WEBHOOK))
