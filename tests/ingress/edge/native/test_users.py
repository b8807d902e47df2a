"""Users on the raw WebSocket: tokens, the inbox, and the proof that things arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from notifyd.model.ids import DEFAULT_CLIENT, UserId
from tests.ingress.edge.native.browser import Browser

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from tests.service.node import Node

ALICE = UserId("alice")


@pytest.fixture
async def alice(node: Node, stranger: Browser) -> Browser:
    """One that has authenticated."""
    assert (await stranger.ask("authenticate", token=node.token("alice")))["success"]
    return stranger


async def tell(node: Node, *data: object, users: tuple[str, ...] = ("alice",)) -> None:
    for each in data:
        await node.tell(*users, data=each)
    await node.dispatch()


def answer_pings(browser: Browser) -> None:
    while browser.socket.pings:
        browser.native.pong(browser.socket.pings.pop(0))


def undelivered(node: Node) -> int:
    return len(node.inboxes.look(DEFAULT_CLIENT, ALICE).replay)


def data_of(said: list[Any]) -> list[Any]:
    return [each["notification"]["data"] for each in said]


async def test_a_good_token_authenticates(node: Node, stranger: Browser) -> None:
    answer = await stranger.ask("authenticate", token=node.token("alice"), requestId="a")
    epoch = node.broker.inbox.position(DEFAULT_CLIENT, ALICE).epoch
    assert answer == {
        "type": "authenticated",
        "success": True,
        "message": "Successfully authenticated",
        "userId": "alice",
        "expiresAt": answer["expiresAt"],
        "position": {"epoch": epoch, "offset": 0},
        "requestId": "a",
    }


async def test_what_waited_in_the_inbox_follows_then_what_is_live(node: Node, stranger: Browser) -> None:
    await tell(node, 1, 2)
    answer, *told = await stranger.send({"type": "authenticate", "token": node.token("alice")})
    assert (answer["position"]["offset"], data_of(told)) == (2, [1, 2])
    await tell(node, 3)
    (live,) = stranger.said
    assert (live["notification"]["channel"], live["notification"]["offset"]) == (None, 3)
    assert live["notification"]["epoch"] == answer["position"]["epoch"]


async def test_what_is_written_counts_once_its_arrival_is_proven(node: Node, stranger: Browser) -> None:
    await tell(node, 1, 2)
    await stranger.send({"type": "authenticate", "token": node.token("alice")})
    assert (undelivered(node), stranger.socket.pings) == (2, [b"2"])
    answer_pings(stranger)
    assert undelivered(node) == 0
    await tell(node, 3)
    assert (undelivered(node), stranger.socket.pings) == (1, [b"3"])
    stranger.native.ping()
    assert stranger.socket.pings == [b"3", b"3"]
    answer_pings(stranger)
    assert undelivered(node) == 0


async def test_a_long_inbox_waits_for_the_reader(node: Node, stranger: Browser) -> None:
    await tell(node, *range(15))
    answer, *told = await stranger.send({"type": "authenticate", "token": node.token("alice")})
    assert 0 < len(told) < 6
    assert answer["position"]["offset"] == 15
    await tell(node, 15)
    answer_pings(stranger)
    assert data_of(told + stranger.said) == list(range(16))
    assert undelivered(node) == 0


async def test_since_resumes_after_a_position(node: Node, stranger: Browser) -> None:
    await tell(node, 1, 2, 3)
    epoch = node.broker.inbox.position(DEFAULT_CLIENT, ALICE).epoch
    since = {"epoch": epoch, "offset": 2}
    answer, told = await stranger.send({"type": "authenticate", "token": node.token("alice"), "since": since})
    assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (True, 1, 0)
    assert (data_of([told]), undelivered(node)) == ([3], 1)


async def test_since_of_another_epoch_says_so_and_the_inbox_comes_from_its_cursor(
    node: Node, stranger: Browser
) -> None:
    await tell(node, 1, 2)
    since = {"epoch": "lost", "offset": 1}
    answer, *told = await stranger.send({"type": "authenticate", "token": node.token("alice"), "since": since})
    assert (answer["recovered"], answer["replayed"], data_of(told)) == (False, 2, [1, 2])


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 100_000, "ä"])
async def test_a_bad_token_is_told_and_closed(node: Node, stranger: Browser, token: str) -> None:
    answer = await stranger.ask("authenticate", token=token)
    assert (answer["type"], answer["code"].split("_")[-1] in ("token", "large")) == ("error", True)
    assert ([code for code, _ in stranger.socket.closes], node.counters.authentication_failures) == ([4003], 1)


async def test_an_expired_token_is_closed_with_another_code(node: Node, stranger: Browser) -> None:
    token = node.tokens.mint(DEFAULT_CLIENT, ALICE, ttl_ms=1).token
    node.tokens.rules = msgspec.structs.replace(node.tokens.rules, leeway_seconds=-10.0)
    assert (await stranger.ask("authenticate", token=token))["code"] == "token_expired"
    assert [code for code, _ in stranger.socket.closes] == [4004]


async def test_one_connection_too_many_is_closed(node: Node, stranger: Browser) -> None:
    for _ in range(3):
        node.user("alice")
    assert (await stranger.ask("authenticate", token=node.token("alice")))["code"] == "too_many_connections"
    assert [code for code, _ in stranger.socket.closes] == [4006]


async def test_another_token_of_the_same_user_refreshes(node: Node, alice: Browser) -> None:
    connection = node.hub.connections()[0]
    connection.expires_at = 0.0
    answer = await alice.ask("authenticate", token=node.token("alice"))
    assert (answer["success"], answer["userId"], "position" in answer) == (True, "alice", False)
    assert connection.expires_at > 0
    await tell(node, 1)
    assert data_of(alice.said) == [1]


async def test_somebody_else_is_not_let_in(node: Node, alice: Browser) -> None:
    key = await node.key()
    shop = await node.client()
    for credential in (
        {"token": node.token("bob")},
        {"token": node.token("alice", shop)},
        {"apiKey": key.key},
    ):
        assert (await alice.ask("authenticate", **credential))["code"] == "already_authenticated"
    await tell(node, 1)
    assert (data_of(alice.said), alice.socket.closes) == ([1], [])


async def test_a_key_is_not_exchanged_for_a_token(node: Node, stranger: Browser) -> None:
    key = await node.key()
    await stranger.ask("authenticate", apiKey=key.key)
    assert (await stranger.ask("authenticate", token=node.token("alice")))["code"] == "already_authenticated"


@pytest.mark.parametrize("more", [{"apiKey": "k"}, {"since": {"epoch": "e"}}, {"since": {"epoch": "e", "offset": -1}}])
async def test_what_contradicts_itself_is_malformed(node: Node, stranger: Browser, more: dict[str, Any]) -> None:
    answer = await stranger.ask("authenticate", token=node.token("alice"), **more)
    assert (answer["code"], stranger.socket.closes) == ("invalid_message", [])


async def test_since_goes_with_the_first_authenticate(node: Node, alice: Browser) -> None:
    answer = await alice.ask("authenticate", token=node.token("alice"), since={"epoch": "e", "offset": 0})
    assert answer["code"] == "invalid_message"


async def test_an_ack_proves_everything_up_to_it(node: Node, alice: Browser) -> None:
    await tell(node, 1, 2)
    first = alice.said[0]["notification"]["id"]
    assert await alice.ask("ack", id=first, requestId=1) == {
        "type": "acked",
        "id": first,
        "acked": 1,
        "requestId": 1,
    }
    assert undelivered(node) == 1


async def test_an_ack_of_what_the_inbox_does_not_hold_is_refused(node: Node, alice: Browser) -> None:
    other = await node.tell("bob")
    await node.dispatch()
    for id_ in (other, "", "x" * 1000):
        assert (await alice.ask("ack", id=id_))["code"] == "notification_not_found"


async def test_a_key_has_no_inbox_to_ack(node: Node, stranger: Browser) -> None:
    assert (await stranger.ask("ack", id="x"))["code"] == "not_authenticated"
    await stranger.ask("authenticate", apiKey=(await node.key()).key)
    assert (await stranger.ask("ack", id="x"))["code"] == "notification_not_found"


async def test_users_of_two_clients_do_not_share_a_rate(
    node: Node, services: NativeServices, rules: NativeRules
) -> None:
    node.limiter.configure(enabled=True, per_minute=60, burst=1)
    shop = await node.client()
    for client_id in (DEFAULT_CLIENT, shop):
        browser = Browser(services, rules)
        token = node.token("alice", client_id, channels=("publish:news",))
        await browser.send({"type": "authenticate", "token": token})
        assert (await browser.ask("publish", channel="news", data=1))["type"] == "published"
        assert (await browser.ask("publish", channel="news", data=1))["code"] == "rate_limited"


async def test_a_token_opens_its_channels_alone(node: Node, stranger: Browser) -> None:
    await stranger.send({"type": "authenticate", "token": node.token("alice", channels=("news", "publish:chat"))})
    assert (await stranger.ask("subscribe", channel="news"))["type"] == "subscribed"
    assert (await stranger.ask("subscribe", channel="chat"))["code"] == "scope_missing"
    assert (await stranger.ask("publish", channel="news", data=1))["code"] == "scope_missing"
    assert (await stranger.ask("publish", channel="chat", data=1))["type"] == "published"


async def test_when_the_link_is_gone_nothing_is_left(node: Node, stranger: Browser) -> None:
    await tell(node, *range(15))
    await stranger.send({"type": "authenticate", "token": node.token("alice")})
    stranger.native.closed(1006, "")
    assert (node.hub.connection_count, node.hub.user_connection_count(DEFAULT_CLIENT, ALICE)) == (0, 0)
