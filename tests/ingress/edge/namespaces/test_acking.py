"""Users who ack: by the callback of an event, by an event of theirs, in both protocols of the namespaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.ingress.edge.namespaces.dialect_app import DialectApp
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from tests.ingress.edge.namespaces.house import User, publish
from tests.ingress.edge.namespaces.test_dialect import Terminal, documented

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.services import NamespaceRules, NamespaceServices
    from tests.service.node import Node

ALICE = UserId("alice")


def _cursor(node: Node) -> int:
    info = node.inboxes.info(DEFAULT_CLIENT, ALICE)
    return 0 if info is None else info.cursor


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_the_callback_of_a_delivery_acks_it(node: Node, alice: User, transport: str) -> None:
    alice.connect(transport=transport, ack=True)
    await publish(node, 1, users=("alice",))
    (told,) = alice.said()
    assert _cursor(node) == 0
    await alice.call_back(told["notificationId"])
    assert _cursor(node) == 1


async def test_what_is_not_acked_comes_again_with_the_next_connection(node: Node, alice: User) -> None:
    alice.connect(ack=True)
    for number in (1, 2, 3):
        await publish(node, number, users=("alice",))
    first = alice.said()[0]
    await alice.call_back(first["notificationId"])
    alice.drop()
    alice.events.clear()
    alice.connect(ack=True)
    assert alice.data() == [2, 3]


async def test_who_acks_is_given_no_place_to_recover_from(node: Node, alice: User) -> None:
    alice.connect(ack=True)
    assert alice.pid == ""
    await publish(node, 1, users=("alice",))
    (event,) = alice.read().events
    assert len(event) == 2


async def test_broadcasts_come_without_asking(node: Node, alice: User) -> None:
    alice.connect(ack=True)
    await publish(node, 7)
    assert alice.data() == [7]
    assert alice.wire.asked == {}


async def test_a_channel_with_acks(node: Node, alice: User) -> None:
    alice.connect()
    answer = await alice.ask("subscribe", {"channel": "open.news", "ack": True})
    assert (answer["ack"], answer["ackSeconds"]) == (True, 30)
    await node.published("open.news", data={"n": 5})
    (told,) = alice.said()
    assert await alice.ask("ack", {"id": told["notificationId"]}) == {"success": True, "acked": 1}
    assert await alice.ask("ack", {"ids": [told["notificationId"], "none"]}) == {
        "success": True,
        "acked": 0,
        "unknown": ["none"],
    }


async def test_who_wants_one_at_a_time_gets_the_next_with_its_ack(node: Node, alice: User) -> None:
    alice.connect(ack=True, maxUnacked=1)
    await alice.ask("subscribe", {"channel": "open.news", "ack": True, "maxUnacked": 1})
    for number in (1, 2):
        await publish(node, number, users=("alice",))
        await node.published("open.news", data={"n": 10 + number})
    told = alice.said()
    assert [each["n"] if "n" in each else each["data"] for each in told] == [1, 11]
    await alice.ask("ack", {"ids": [each["notificationId"] for each in told]})
    assert len(alice.said()) == 4


async def test_a_refused_one_waits_for_its_next_try(node: Node, alice: User) -> None:
    alice.connect()
    await alice.ask("subscribe", {"channel": "open.news", "ack": True})
    await node.published("open.news", data={"n": 5})
    identifier = alice.said()[0]["notificationId"]
    assert (await alice.ask("nack", {"id": identifier, "reason": "later"}))["nacked"] == 1


async def test_a_durable_one_goes_on(node: Node, alice: User) -> None:
    alice.connect()
    await alice.ask("subscribe", {"channel": "open.news", "ack": True, "durable": "app"})
    await node.published("open.news", data={"n": 1}, count=2)
    await alice.call_back(alice.said()[0]["notificationId"])
    alice.drop()
    alice.events.clear()
    alice.connect()
    answer = await alice.ask("subscribe", {"channel": "open.news", "ack": True, "durable": "app"})
    assert (answer["recovered"], answer["replayed"]) == (True, 1)
    assert len(alice.said()) == 1


@pytest.mark.parametrize(
    ("event", "body", "code"),
    [
        ("ack", {"id": "unknown"}, "notification_not_found"),
        ("ack", {}, "invalid_message"),
        ("ack", {"ids": []}, "invalid_message"),
        ("ack", {"ids": ["a"] * 1001}, "invalid_message"),
        ("nack", {"id": "a", "ids": ["b"]}, "invalid_message"),
        ("subscribe", {"channel": "open.news", "durable": "app"}, "invalid_durable"),
        ("subscribe", {"channel": "open.news", "durable": "a b", "ack": True}, "invalid_durable"),
    ],
)
async def test_what_is_wrong_is_said(alice: User, event: str, body: dict[str, Any], code: str) -> None:
    alice.connect()
    answer = await alice.ask(event, body)
    assert answer["error"]["code"] == code


async def test_the_dialect_acks_by_events(node: Node, services: NamespaceServices, rules: NamespaceRules) -> None:
    terminal = Terminal(DialectApp(services, rules).upgrade(documented(node, ack="true")))
    await publish(node, 1, users=("alice",))
    told = [each for each in terminal.said if each["event"] == "notification"]
    (answer,) = await terminal.send({"event": "ack", "data": {"id": told[0]["data"]["notificationId"]}})
    assert answer == {"event": "acked", "data": {"success": True, "acked": 1}}
    assert _cursor(node) == 1
