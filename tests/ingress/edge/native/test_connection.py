"""The plain JSON protocol, at the level of what the edge and the hub call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.ingress.edge.http.app import Upgrade
from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.ingress.edge.native.connection import NativeConnection
from notifyd.ingress.edge.native.protocol import NativeProtocol
from notifyd.model.disconnect import DEAD_LINK
from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.native.browser import Browser, finished

if TYPE_CHECKING:
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from notifyd.service.access.keys import IssuedKey
    from notifyd.store.ports import Pending
    from tests.service.node import Node


@pytest.fixture
async def key(node: Node) -> IssuedKey:
    return await node.key()


@pytest.fixture
async def browser(stranger: Browser, key: IssuedKey) -> Browser:
    """One that has authenticated."""
    assert (await stranger.ask("authenticate", apiKey=key.key))["success"]
    return stranger


async def test_the_greeting_names_the_connection(node: Node, services: NativeServices, rules: NativeRules) -> None:
    greeting = Browser(services, rules).said
    assert [greeting[0]["type"], greeting[0]["connectionId"]] == ["connected", node.hub.connections()[0].id]


async def test_a_good_key_authenticates(node: Node, stranger: Browser, key: IssuedKey) -> None:
    assert await stranger.ask("authenticate", apiKey=key.key, requestId="a") == {
        "type": "authenticated",
        "success": True,
        "message": "Successfully authenticated",
        "requestId": "a",
    }
    assert len(node.hub.of_key(key.record.id)) == 1


async def test_a_wrong_key_is_told_and_closed(node: Node, stranger: Browser) -> None:
    answer = await stranger.ask("authenticate", apiKey="wrong", requestId=1)
    assert (answer["type"], answer["code"], answer["requestId"]) == ("error", "invalid_api_key", 1)
    assert [code for code, _ in stranger.socket.closes] == [4003]
    assert (node.counters.authentication_failures, node.counters.messages_refused) == (1, 1)


async def test_an_expired_key_is_closed_with_another_code(node: Node, stranger: Browser) -> None:
    issued = await node.key(expires_at=now_ms() + 1)
    await trio.sleep(0.005)
    assert (await stranger.ask("authenticate", apiKey=issued.key))["code"] == "api_key_expired"
    assert [code for code, _ in stranger.socket.closes] == [4004]


async def test_a_key_from_a_wrong_address_is_closed(node: Node, stranger: Browser) -> None:
    issued = await node.key(allowed_cidrs=["10.0.0.0/8"])
    assert (await stranger.ask("authenticate", apiKey=issued.key))["code"] == "address_not_allowed"
    assert [code for code, _ in stranger.socket.closes] == [4003]


async def test_a_key_with_too_many_connections_is_closed(node: Node, stranger: Browser, key: IssuedKey) -> None:
    for _ in range(3):
        await node.connect_with(key)
    assert (await stranger.ask("authenticate", apiKey=key.key))["code"] == "too_many_connections"
    assert [code for code, _ in stranger.socket.closes] == [4006]


async def test_no_credential_at_all_is_closed(stranger: Browser) -> None:
    assert (await stranger.ask("authenticate"))["code"] == "invalid_api_key"
    assert [code for code, _ in stranger.socket.closes] == [4003]


async def test_authenticating_again_is_answered(browser: Browser, key: IssuedKey) -> None:
    assert (await browser.ask("authenticate", apiKey=key.key))["type"] == "authenticated"


async def test_too_early_a_subscribe_is_refused_and_the_connection_stays(stranger: Browser, key: IssuedKey) -> None:
    for type_ in ("subscribe", "unsubscribe", "publish"):
        answer = await stranger.ask(type_, channel="news", data=1, requestId=type_)
        assert (answer["type"], answer["code"], answer["requestId"]) == ("error", "not_authenticated", type_)
    assert (await stranger.ask("authenticate", apiKey=key.key))["success"]
    assert stranger.socket.closes == []


async def test_pipelined_messages_are_answered_in_order(stranger: Browser, key: IssuedKey) -> None:
    answers = await stranger.send(
        {"type": "authenticate", "apiKey": key.key, "requestId": 1},
        {"type": "subscribe", "channel": "news", "requestId": 2},
        {"type": "publish", "channel": "news", "data": 1, "requestId": 3},
        {"type": "subscribe", "channel": "other", "since": {"epoch": "x", "offset": 0}, "requestId": 4},
        {"type": "ping", "requestId": 5},
    )
    assert [answer["requestId"] for answer in answers] == [1, 2, 3, 4, 5]
    assert [answer["type"] for answer in answers] == [
        "authenticated",
        "subscribed",
        "published",
        "subscribed",
        "pong",
    ]


async def test_a_subscriber_gets_what_is_published(node: Node, browser: Browser) -> None:
    answer = await browser.ask("subscribe", channel="news", requestId="r")
    epoch = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    position = {"epoch": epoch, "offset": 0}
    assert answer == {"type": "subscribed", "channel": "news", "position": position, "requestId": "r"}
    await node.published(data={"a": 1}, priority=7, metadata=b'{"m":2}')
    (delivery,) = browser.said
    notification = delivery["notification"]
    assert (delivery["type"], notification["channel"], notification["data"]) == ("notification", "news", {"a": 1})
    assert (notification["priority"], notification["metadata"], notification["offset"]) == (7, {"m": 2}, 1)
    assert (notification["epoch"], bool(notification["id"]), bool(notification["timestamp"])) == (epoch, True, True)


async def test_no_other_channel_comes(node: Node, browser: Browser) -> None:
    await browser.ask("subscribe", channel="news")
    await node.published("other")
    assert browser.said == []


async def test_after_an_unsubscribe_nothing_comes(node: Node, browser: Browser) -> None:
    await browser.ask("subscribe", channel="news")
    answer = await browser.ask("unsubscribe", channel="news", requestId=1)
    assert answer == {"type": "unsubscribed", "channel": "news", "requestId": 1}
    await node.published()
    assert browser.said == []
    assert (await browser.ask("unsubscribe", channel="news"))["type"] == "unsubscribed"


async def resume(node: Node, browser: Browser, offset: int, epoch: str = "") -> list[Any]:
    now = node.broker.history.position(DEFAULT_CLIENT, "news").epoch
    since = {"epoch": epoch or now, "offset": offset}
    return await browser.send({"type": "subscribe", "channel": "news", "since": since, "requestId": "r"})


async def test_a_resume_replays_what_was_missed_before_anything_live(node: Node, browser: Browser) -> None:
    await node.published(count=3)
    answer, *missed = await resume(node, browser, 1)
    assert (answer["recovered"], answer["replayed"], answer["skipped"], answer["requestId"]) == (True, 2, 0, "r")
    assert answer["position"]["offset"] == 3
    assert [delivery["notification"]["offset"] for delivery in missed] == [2, 3]
    await node.published()
    assert [delivery["notification"]["offset"] for delivery in browser.said] == [4]


async def test_a_long_replay_waits_for_the_reader(node: Node, browser: Browser) -> None:
    await node.published(count=15, data="x" * 100)
    answer, *missed = await resume(node, browser, 0)
    assert answer["replayed"] == 15
    assert [delivery["notification"]["offset"] for delivery in missed] == list(range(1, 16))
    assert browser.socket.outbox.waits > 2


async def test_a_resume_from_another_epoch_says_that_it_starts_afresh(node: Node, browser: Browser) -> None:
    await node.published(count=3)
    (answer,) = await resume(node, browser, 1, epoch="lost")
    assert (answer["recovered"], answer["replayed"], answer["position"]["offset"]) == (False, 0, 3)
    await node.published()
    assert [delivery["notification"]["offset"] for delivery in browser.said] == [4]


async def test_what_has_expired_meanwhile_is_skipped_and_counted(node: Node, browser: Browser) -> None:
    await node.published()
    await node.published(ttl_ms=5)
    await node.published()
    await trio.sleep(0.01)
    answer, *missed = await resume(node, browser, 0)
    assert (answer["recovered"], answer["replayed"], answer["skipped"]) == (True, 2, 1)
    assert [delivery["notification"]["offset"] for delivery in missed] == [1, 3]


async def test_a_refused_resume_is_told(node: Node, stranger: Browser) -> None:
    issued = await node.key("subscribe:other")
    await stranger.ask("authenticate", apiKey=issued.key)
    (answer,) = await resume(node, stranger, 0)
    assert (answer["type"], answer["code"], answer["requestId"]) == ("error", "scope_missing", "r")


async def test_another_key_tells_which_subscriptions_it_ended(node: Node, browser: Browser) -> None:
    for channel in ("news", "orders"):
        await browser.ask("subscribe", channel=channel)
    narrower = await node.key("subscribe:orders")
    assert (await browser.ask("authenticate", apiKey=narrower.key))["unsubscribed"] == ["news"]
    assert node.hub.subscription_count == 1


async def test_a_ping_is_answered(stranger: Browser) -> None:
    assert await stranger.ask("ping", requestId=10**30) == {"type": "pong", "requestId": 10**30}
    assert await stranger.ask("ping") == {"type": "pong"}


async def test_a_publish_is_answered_with_its_receipt(node: Node, browser: Browser) -> None:
    answer = await browser.ask("publish", channel="news", data={"a": 1}, metadata={"m": 1}, priority=9, requestId=1)
    assert (answer["type"], answer["status"], answer["durability"], answer["requestId"]) == (
        "published",
        "accepted",
        "os",
        1,
    )
    (waiting,) = await node.broker.queue.waiting(limit=5)
    assert (waiting.id, waiting.priority) == (answer["notificationId"], 9)


async def test_a_publish_that_comes_too_early_is_refused(node: Node, stranger: Browser) -> None:
    assert (await stranger.ask("publish", channel="news", data=1))["code"] == "not_authenticated"
    assert (node.counters.accepted, node.counters.rejected) == (0, 1)


@pytest.mark.parametrize("scope", ["subscribe:*", "publish:other", "broadcast"])
async def test_a_publish_without_its_scope_is_refused(node: Node, stranger: Browser, scope: str) -> None:
    issued = await node.key(scope)
    await stranger.ask("authenticate", apiKey=issued.key)
    answer = await stranger.ask("publish", channel="news", data=1, requestId=1)
    assert (answer["code"], answer["requestId"]) == ("scope_missing", 1)
    assert stranger.socket.closes == []


async def test_a_publish_that_does_not_fit_says_when_to_try_again(browser: Browser) -> None:
    answers = await browser.send(*[{"type": "publish", "channel": "news", "data": 1}] * 21)
    assert [answer["type"] for answer in answers] == ["published"] * 20 + ["error"]
    assert (answers[-1]["code"], answers[-1]["retryAfter"] > 0) == ("queue_full", True)


async def test_publishing_counts_against_the_rate_of_the_key(node: Node, browser: Browser) -> None:
    node.limiter.configure(enabled=True, per_minute=60, burst=2)
    answers = await browser.send(*[{"type": "publish", "channel": "news", "data": 1}] * 3)
    assert [answer.get("code") for answer in answers] == [None, None, "rate_limited"]
    assert 0 < answers[-1]["retryAfter"] <= 1
    assert browser.socket.closes == []


async def test_refusals_among_publishes_come_in_their_turn(browser: Browser) -> None:
    good = {"type": "publish", "channel": "news", "data": 1}
    answers = await browser.send(
        good | {"requestId": 1},
        {"type": "publish", "channel": "", "data": 1, "requestId": 2},
        b'{"type":"dance","requestId":3}',
        good | {"requestId": 4},
        {"type": "ping", "requestId": 5},
        good | {"requestId": 6},
        {"type": "subscribe", "channel": "", "requestId": 7},
    )
    assert [answer["requestId"] for answer in answers] == [1, 2, 3, 4, 5, 6, 7]
    types = [answer["type"] for answer in answers]
    assert types == ["published", "error", "error", "published", "pong", "published", "error"]


async def test_all_that_comes_is_handed_in_before_any_of_it_is_answered(node: Node, browser: Browser) -> None:
    answered: list[int] = []
    submit = node.publisher.submit

    def watched(*args: Any) -> Pending:
        answered.append(len(browser.socket.outbox.texts))
        return submit(*args)

    node.publisher.submit = watched  # type: ignore[method-assign]
    answers = await browser.send(*[{"type": "publish", "channel": "news", "data": n} for n in range(5)])
    assert (answered, len(answers)) == ([0] * 5, 5)


async def test_malformed_messages_are_told_until_there_are_too_many(browser: Browser) -> None:
    answers = await browser.send(b"hello", b'{"type":"dance","requestId":7}')
    assert [answer["code"] for answer in answers] == ["invalid_json", "unknown_type"]
    assert answers[1]["requestId"] == 7
    assert browser.socket.closes == []
    await browser.send({"type": "subscribe", "channel": ""})
    assert [code for code, _ in browser.socket.closes] == [4000]


async def test_what_is_merely_not_allowed_is_no_protocol_error(stranger: Browser) -> None:
    await stranger.send(*[{"type": "subscribe", "channel": "news"}] * 9)
    assert stranger.socket.closes == []


async def test_binary_messages_are_malformed(browser: Browser) -> None:
    for _ in range(3):
        await finished(browser.native.binary(b"{}"))
    assert [answer["code"] for answer in browser.said] == ["invalid_message"] * 3
    assert [code for code, _ in browser.socket.closes] == [4000]


async def test_rules_that_change_count_for_live_connections(browser: Browser, rules: NativeRules) -> None:
    rules.max_protocol_errors = 1
    await browser.send(b"hello")
    assert [code for code, _ in browser.socket.closes] == [4000]


async def test_who_asks_and_does_not_read_is_closed(node: Node, browser: Browser) -> None:
    browser.socket.outbox.limit = 2
    await browser.send(*[{"type": "ping"}] * 3)
    assert [code for code, _ in browser.socket.closes] == [4008]
    assert node.counters.slow_consumers == 1


async def test_everything_that_is_heard_is_a_sign_of_life(node: Node, browser: Browser, autojump_clock: Any) -> None:
    connection = node.hub.connections()[0]
    for hear in (
        lambda: browser.native.pong(b""),
        lambda: browser.native.binary(b""),
        lambda: browser.native.text(b""),
    ):
        await trio.sleep(5)
        hear()
        assert connection.received_at == trio.current_time()


async def test_what_the_hub_sees_of_it(browser: Browser) -> None:
    native = browser.native
    native.ping()
    native.end(DEAD_LINK)
    assert (native.address, native.pending_bytes(), native.sent_bytes()) == ("192.0.2.7", 11, 22)
    assert (browser.socket.pings, browser.socket.closes) == ([b""], [(4009, DEAD_LINK.reason)])


async def test_when_the_link_is_gone_nothing_is_left(node: Node, browser: Browser) -> None:
    await browser.ask("subscribe", channel="news")
    browser.native.closed(1006, "")
    assert (node.hub.connection_count, node.hub.subscription_count) == (0, 0)


async def test_while_draining_a_new_one_is_sent_away(node: Node, services: NativeServices, rules: NativeRules) -> None:
    node.connector.draining = True
    late = Browser(services, rules)
    assert (late.said, [code for code, _ in late.socket.closes]) == ([], [1012])
    late.native.closed(1012, "")
    assert node.hub.connection_count == 0


async def test_while_draining_publishing_is_refused(node: Node, browser: Browser) -> None:
    node.publisher.draining = True
    answer = await browser.ask("publish", channel="news", data=1)
    assert (answer["code"], answer["retryAfter"]) == ("draining", 5)


def handshake(*headers: tuple[bytes, bytes]) -> Request:
    return Request("GET", b"/", "/", b"/", b"", "1.1", headers, b"", Peer("127.0.0.1", 1))


async def test_a_handshake_is_consented_to(services: NativeServices, rules: NativeRules) -> None:
    answer = NativeProtocol(services, rules).upgrade(handshake())
    assert isinstance(answer, Upgrade)
    assert isinstance(answer.handler, NativeConnection)


@pytest.mark.parametrize(("origin", "status"), [(b"https://shop.example", 101), (b"https://evil.example", 403)])
async def test_a_page_must_be_welcome(services: NativeServices, rules: NativeRules, origin: bytes, status: int) -> None:
    rules.allowed_origins = ("https://shop.example",)
    answer = NativeProtocol(services, rules).upgrade(handshake((b"origin", origin)))
    assert (answer.status if isinstance(answer, Answer) else 101) == status


async def test_no_handshake_while_draining(node: Node, services: NativeServices, rules: NativeRules) -> None:
    node.connector.draining = True
    answer = NativeProtocol(services, rules).upgrade(handshake())
    assert isinstance(answer, Answer)
    assert (answer.status, answer.close, json.loads(answer.body)["error"]["code"]) == (503, True, "draining")
