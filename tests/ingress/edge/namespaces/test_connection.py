"""One socket of a user: what it is sent, what it may ask, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.model.disconnect import DRAINED, KICKED, TOKEN_ENDED
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from tests.ingress.edge.namespaces.house import User, publish

if TYPE_CHECKING:
    from notifyd.ingress.edge.namespaces.application import NamespaceApplication
    from notifyd.ingress.edge.namespaces.services import NamespaceRules
    from tests.service.node import Node


@pytest.fixture
def user(alice: User) -> User:
    assert alice.connect() is None
    return alice


@pytest.fixture
def bob(node: Node, application: NamespaceApplication) -> User:
    bob = User(node, application, "bob")
    assert bob.connect() is None
    return bob


async def test_a_notification_has_the_fields_of_its_payload_and_ours(node: Node, user: User) -> None:
    await publish(node, 1, users=("alice",), metadata=b'{"m":1}')
    (event,) = user.read().events
    name, told, place = event
    assert (name, told["n"], told["metadata"]) == ("notification", 1, {"m": 1})
    assert told["notificationId"]
    assert told["timestamp"].endswith("Z")
    assert place == f"{node.broker.history.position(DEFAULT_CLIENT, '').epoch}:1"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_what_waited_in_the_inbox_comes_first_then_what_is_live(node: Node, alice: User, transport: str) -> None:
    for number in range(3):
        await publish(node, number, users=("alice",))
    alice.connect(transport=transport)
    await publish(node, 3, users=("alice",))
    await publish(node, 4)
    assert alice.data() == [0, 1, 2, 3, 4]


async def test_what_arrived_is_not_sent_to_the_next_connection(node: Node, user: User, alice: User) -> None:
    await publish(node, 1, users=("alice",))
    user.read().drop()
    user.pid = ""
    user.connect()
    assert user.data() == [1]


async def test_what_was_written_and_never_arrived_comes_again(node: Node, user: User) -> None:
    await publish(node, 1, users=("alice",))
    user.drop()
    user.pid = ""
    user.connect()
    assert user.data() == [1]


async def test_a_long_inbox_is_sent_page_by_page(node: Node, alice: User, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    for number in range(40):
        await publish(node, number, users=("alice",), dispatch=False)
    await node.dispatch()
    alice.connect()
    first = len(alice.wire.under_way)
    assert 1 < first < 10
    alice.read(first - 1)
    await publish(node, 40, users=("alice",))
    await publish(node, 41)
    assert alice.wire.under_way == [alice.wire.under_way[0]], "nothing is live before all has arrived"
    assert alice.data() == list(range(42))
    assert node.broker.inbox.since(DEFAULT_CLIENT, UserId("alice"), now=0).publications == []


async def test_a_page_that_does_not_fit_ends_the_connection(node: Node, alice: User) -> None:
    await publish(node, 1, users=("alice",))
    alice.connect(limit=0)
    assert [code for code, _ in alice.wire.closes] == [4008]
    assert node.counters.slow_consumers == 1


async def test_after_an_upgrade_it_is_written_to_as_a_websocket(node: Node, alice: User) -> None:
    alice.connect(transport="polling")
    assert (alice.handler.transport, alice.handler.format) == ("polling", "socketio-polling")
    alice.wire.transport = "websocket"
    alice.handler.transport_changed()
    await publish(node, 1)
    assert (alice.handler.transport, alice.handler.format, alice.data()) == ("socketio", "socketio", [1])


async def test_who_does_not_recover_gets_no_place(node: Node, alice: User) -> None:
    alice.connect(recovery=False)
    await publish(node, 1)
    await publish(node, 2, users=("alice",))
    assert (alice.pid, [len(event) for event in alice.read().events]) == ("", [2, 2])


async def test_a_job_without_targets_goes_to_everyone_in_the_namespace(node: Node, user: User, bob: User) -> None:
    answer = await user.ask("notification-job", {"payload": {"n": 1}, "sockets": [], "users": None})
    assert answer == {
        "success": True,
        "notificationId": answer["notificationId"],
        "status": "accepted",
        "durability": "os",
    }
    await node.dispatch()
    assert (user.data(), bob.data()) == ([1], [1])
    assert bob.said()[0]["notificationId"] == answer["notificationId"]


@pytest.mark.parametrize("target", ["users", "sockets"])
async def test_a_job_goes_to_whom_it_names(node: Node, user: User, bob: User, target: str) -> None:
    named = {"users": "bob", "sockets": bob.sid}[target]
    assert (await user.ask("notification-job", {"data": {"n": 1}, target: [named]}))["success"]
    await node.dispatch()
    assert (user.data(), bob.data()) == ([], [1])


async def test_a_job_may_name_users_and_sockets(node: Node, user: User, bob: User) -> None:
    await user.ask("notification-job", {"payload": {"n": 1}, "users": ["bob"], "sockets": [user.sid, bob.sid]})
    await node.dispatch()
    assert (user.data(), bob.data()) == ([1], [1])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "invalid_message"),
        ({}, "invalid_message"),
        ({"payload": 1, "data": 2}, "invalid_message"),
        ({"payload": 1, "users": "bob"}, "invalid_message"),
        ({"payload": 1, "users": [True]}, "invalid_message"),
        ({"payload": b"binary"}, "binary_payload"),
        ({"payload": {"a": ["\ud800"]}}, "invalid_json"),
        ({"payload": 1, "priority": 11}, "invalid_request"),
        ({"payload": 1, "clientId": "other"}, "wrong_client"),
        ({"payload": "x" * 20_000}, "too_large"),
        ({"payload": 1, "users": [""]}, "invalid_user"),
    ],
)
async def test_a_job_that_cannot_be_is_refused(node: Node, user: User, body: Any, code: str) -> None:
    answer = await user.ask("notification-job", body)
    assert (answer["success"], answer["error"]["code"], bool(answer["error"]["message"])) == (False, code, True)
    await user.emit("notification-job", body)
    (told,) = user.said("exception")
    assert (told["status"], told["code"]) == ("error", code)
    assert (node.counters.accepted, node.counters.rejected) == (0, 2)


async def test_publishing_may_be_forbidden(user: User, rules: NamespaceRules) -> None:
    rules.users_may_publish = False
    answer = await user.ask("notification-job", {"payload": 1})
    assert answer["error"]["code"] == "publishing_forbidden"


async def test_a_connection_publishes_so_much_in_a_minute(node: Node, user: User, rules: NamespaceRules) -> None:
    rules.publishes_per_minute = 2
    answers = [await user.ask("notification-job", {"payload": 1}) for _ in range(3)]
    assert [answer["success"] for answer in answers] == [True, True, False]
    assert (answers[2]["error"]["code"], answers[2]["error"]["retryAfter"] > 0) == ("rate_limited", True)


async def test_a_ping_is_answered(user: User) -> None:
    assert await user.ask("ping", {"a": 1}) == {"a": 1}
    await user.emit("ping")
    assert user.read().events == [["pong", {"a": 1}], ["pong"]]


async def test_no_pong_is_taken_for_a_place(node: Node, user: User) -> None:
    await publish(node, 1)
    user.read()
    before = user.offset
    await user.emit("ping", "hello")
    assert user.read().events[-1] == ["pong", "hello", None]
    assert user.offset == before


async def test_another_token_of_the_same_user_goes_on(node: Node, user: User) -> None:
    connection = node.hub.connection(user.sid)
    assert connection is not None
    connection.expires_at = 0.0
    answer = await user.ask("authenticate", {"token": node.token("alice")})
    assert (answer["success"], answer["userId"], bool(answer["expiresAt"])) == (True, "alice", True)
    assert connection.expires_at > 0
    await publish(node, 1)
    assert user.data() == [1]


async def test_a_token_of_somebody_else_changes_nothing(node: Node, user: User) -> None:
    assert (await user.ask("authenticate", {"token": node.token("bob")}))["error"]["code"] == "already_authenticated"
    assert (await user.ask("authenticate", {"token": "x"}))["error"]["code"] == "invalid_token"
    assert (await user.ask("authenticate", "x"))["error"]["code"] == "invalid_message"
    await publish(node, 1, users=("alice",))
    assert user.data() == [1]


async def test_a_channel_that_the_token_opens(node: Node, alice: User) -> None:
    alice.connect(token=node.token("alice", channels=("news",)))
    answer = await alice.ask("subscribe", {"channel": "news"})
    assert (answer["success"], answer["channel"], answer["position"]["offset"]) == (True, "news", 0)
    await node.published("news", data={"n": 1})
    (event,) = alice.read().events
    assert len(event) == 2, "what comes from a channel has no place to recover from"
    assert (event[1]["n"], event[1]["channel"], event[1]["offset"]) == (1, "news", 1)
    assert event[1]["epoch"] == answer["position"]["epoch"]
    assert (await alice.ask("unsubscribe", {"channel": "news"}))["success"]
    await node.published("news", data={"n": 2})
    assert alice.data() == [1]


async def test_a_channel_goes_on_from_a_position(node: Node, alice: User, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    await node.published("news", data={"n": 0}, count=15)
    alice.connect(token=node.token("alice", channels=("news",)))
    since = {"epoch": node.broker.history.position(DEFAULT_CLIENT, "news").epoch, "offset": 3}
    answer = await alice.ask("subscribe", {"channel": "news", "since": since})
    assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (True, 12, 0)
    assert len(alice.wire.under_way) < 12
    await node.published("news", data={"n": 0})
    assert [told["offset"] for told in alice.said()] == list(range(4, 17))


async def test_a_channel_is_live_while_the_inbox_still_comes(node: Node, alice: User, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    for number in range(20):
        await publish(node, number, users=("alice",), dispatch=False)
    await node.dispatch()
    alice.connect(token=node.token("alice", channels=("news",)))
    answer = await alice.ask("subscribe", {"channel": "news"})
    assert alice.wire.under_way, "the inbox is under way"
    await node.published("news", data={"n": 100}, count=3)
    assert answer["position"]["offset"] == 0
    assert [told["offset"] for told in alice.said() if "offset" in told] == [1, 2, 3]


async def test_who_unsubscribes_is_not_caught_up_any_further(node: Node, alice: User, rules: NamespaceRules) -> None:
    rules.page_bytes = 1000
    await node.published("news", data={"n": 0}, count=15)
    alice.connect(token=node.token("alice", channels=("news",)))
    since = {"epoch": node.broker.history.position(DEFAULT_CLIENT, "news").epoch, "offset": 0}
    await alice.ask("subscribe", {"channel": "news", "since": since})
    first = len(alice.wire.under_way)
    await alice.ask("unsubscribe", {"channel": "news"})
    await node.published("news", data={"n": 0})
    assert len(alice.said()) < min(first, 15)
    assert node.hub.subscription_count == 0


async def test_other_channels_stay_closed(node: Node, user: User) -> None:
    assert (await user.ask("subscribe", {"channel": "news"}))["error"]["code"] == "scope_missing"


async def test_an_unknown_event_is_told_until_there_are_too_many(user: User) -> None:
    for name in ("dance", "notification", ""):
        await user.emit(name)
    assert [told["code"] for told in user.said("exception")] == ["unknown_event"] * 3 + [4000]
    assert user.wire.disconnects == 1


async def test_who_may_come_back_loses_the_transport(user: User) -> None:
    user.handler.end(DRAINED)
    user.handler.end(KICKED)
    assert (user.wire.closes, user.wire.disconnects) == ([(DRAINED.code, DRAINED.reason)], 0)


async def test_who_may_not_is_told_and_leaves_the_namespace(user: User) -> None:
    user.handler.end(TOKEN_ENDED)
    (told,) = user.said("exception")
    assert (told["code"], told["reason"], told["reconnect"]) == (4004, TOKEN_ENDED.reason, False)
    assert (user.wire.closes, user.wire.disconnects) == ([], 1)


async def test_a_slow_one_loses_the_transport(node: Node, user: User) -> None:
    user.wire.limit = 0
    await publish(node, 1)
    assert [code for code, _ in user.wire.closes] == [4008]


async def test_what_the_hub_sees_of_it(node: Node, user: User) -> None:
    connection = node.hub.connection(user.sid)
    assert connection is not None
    user.handler.ping()
    user.handler.heard()
    assert (user.wire.under_way, user.handler.address) == ([], "192.0.2.7")
    assert (user.handler.pending_bytes(), user.handler.sent_bytes(), user.handler.answers) == (11, 22, False)


async def test_when_it_is_closed_nothing_is_left(node: Node, user: User) -> None:
    user.drop()
    assert (node.hub.connection_count, node.hub.user_connection_count(DEFAULT_CLIENT, UserId("alice"))) == (0, 0)


async def test_who_is_in_a_channel_can_be_asked(alice: User) -> None:
    alice.connect()
    await alice.ask("subscribe", {"channel": "open.a"})
    answer = await alice.ask("presence", {"channel": "open.a"})
    assert (answer["success"], answer["memberCount"], answer["members"][0]["userId"]) == (True, 1, "alice")


async def test_the_id_of_a_request_is_echoed(user: User) -> None:
    answer = await user.ask("notification-job", {"payload": 1, "requestId": "checkout-8841"})
    assert answer["requestId"] == "checkout-8841"
    refused = await user.ask("notification-job", {"requestId": 7})
    assert refused["error"]["requestId"] == "7"
    assert "requestId" not in (await user.ask("notification-job", {}))["error"]
