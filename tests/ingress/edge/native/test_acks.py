"""Acks on the raw WebSocket: subscriptions and the inbox with acks, `ack` and `nack`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
from msgspec.structs import replace

from notifyd.errors import StoreUnavailable
from notifyd.model.disconnect import SLOW_CONSUMER
from notifyd.model.ids import DEFAULT_CLIENT, UserId
from notifyd.service.acks import Acked, Acks
from tests.ingress.edge.native.browser import Browser
from tests.service.acks.house import ACK_SECONDS, RULES, House

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio.testing import MockClock

    from notifyd.hub.connection import Connection
    from notifyd.ingress.edge.native.services import NativeRules, NativeServices
    from tests.service.node import Node

ALICE = UserId("alice")


@pytest.fixture
async def house(node: Node, nursery: trio.Nursery) -> House:
    """Its acks, whose clock runs."""
    house = House(node)
    nursery.start_soon(house.acks.house.clock.run)
    return house


@pytest.fixture
async def worker(node: Node, services: NativeServices, rules: NativeRules) -> Browser:
    """One that has authenticated with a key."""
    return await enter(node, services, rules)


async def enter(node: Node, services: NativeServices, rules: NativeRules) -> Browser:
    browser = Browser(services, rules)
    await browser.send({"type": "authenticate", "apiKey": (await node.key()).key})
    return browser


async def alice(node: Node, services: NativeServices, rules: NativeRules, **wishes: Any) -> tuple[Browser, list[Any]]:
    """One that receives the inbox with acks, and what it was told."""
    browser = Browser(services, rules)
    assert browser.said
    return browser, await browser.send({"type": "authenticate", "token": node.token(ALICE), "ack": True, **wishes})


def tries(said: list[Any]) -> list[tuple[int, int]]:
    """Offset and try of each delivery."""
    found = [each["notification"] for each in said if each["type"] == "notification"]
    return [(each["offset"], each.get("attempt", 1)) for each in found]


def ids(said: list[Any]) -> list[str]:
    return [each["notification"]["id"] for each in said if each["type"] == "notification"]


def position(node: Node, offset: int) -> dict[str, Any]:
    return {"epoch": node.broker.history.position(DEFAULT_CLIENT, "news").epoch, "offset": offset}


async def test_the_answer_says_how_long_an_ack_may_take(node: Node, worker: Browser) -> None:
    await node.published(count=2)
    assert await worker.ask("subscribe", channel="news", ack=True, requestId=1) == {
        "type": "subscribed",
        "channel": "news",
        "position": position(node, 2),
        "ack": True,
        "ackSeconds": ACK_SECONDS,
        "requestId": 1,
    }
    await node.published()
    assert tries(worker.said) == [(3, 1)]


async def test_an_ack_is_answered_and_counts_once(node: Node, worker: Browser, autojump_clock: MockClock) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    (notification_id,) = ids(worker.said)
    first = await worker.ask("ack", id=notification_id, requestId="r")
    assert first == {"type": "acked", "id": notification_id, "acked": 1, "requestId": "r"}
    assert (await worker.ask("ack", id=notification_id))["acked"] == 0
    await trio.sleep(10 * ACK_SECONDS)
    assert worker.said == []


async def test_several_are_acked_at_once(node: Node, worker: Browser) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published(count=3)
    wanted = [*ids(worker.said), "nothing"]
    assert await worker.ask("ack", ids=wanted) == {"type": "acked", "ids": wanted, "acked": 3, "unknown": ["nothing"]}


async def test_what_was_never_sent_is_not_found(node: Node, worker: Browser) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    for type_ in ("ack", "nack"):
        answer = await worker.ask(type_, id="nothing", requestId=type_)
        assert (answer["type"], answer["code"], answer["requestId"]) == ("error", "notification_not_found", type_)
    assert (await worker.ask("nack", ids=["nothing"]))["unknown"] == ["nothing"]
    assert worker.socket.closes == []


@pytest.mark.parametrize("wrong", [{}, {"id": "a", "ids": ["b"]}, {"ids": []}, {"id": 1}, {"ids": ["a"] * 1001}])
@pytest.mark.parametrize("type_", ["ack", "nack"])
async def test_an_ack_names_one_or_several(worker: Browser, type_: str, wrong: dict[str, Any]) -> None:
    assert (await worker.ask(type_, **wrong))["code"] == "invalid_message"


@pytest.mark.parametrize("type_", ["ack", "nack"])
async def test_nobody_acks_before_authenticating(stranger: Browser, type_: str) -> None:
    assert (await stranger.ask(type_, id="x"))["code"] == "not_authenticated"
    assert stranger.socket.closes == []


async def test_what_is_not_acked_in_time_comes_again_and_says_which_try_it_is(
    node: Node, worker: Browser, autojump_clock: MockClock
) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    await trio.sleep(20 * ACK_SECONDS)
    said = worker.said
    assert tries(said) == [(1, 1), (1, 2), (1, 3)]
    assert "attempt" not in said[0]["notification"]


async def test_a_nack_is_answered_and_it_comes_again(
    node: Node, worker: Browser, house: House, autojump_clock: MockClock
) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    (notification_id,) = ids(worker.said)
    answer = await worker.ask("nack", id=notification_id, reason="no room", requestId=7)
    assert answer == {"type": "nacked", "id": notification_id, "nacked": 1, "requestId": 7}
    await trio.sleep(RULES.retry_seconds)
    assert tries(worker.said) == [(1, 2)]
    for _ in range(2):
        await worker.send({"type": "nack", "ids": [notification_id], "reason": "no room"})
        await trio.sleep(10)
    assert [(letter.reason, letter.error) for letter in await house.letters()] == [("nacked", "no room")]


async def test_a_late_ack_is_taken(node: Node, worker: Browser, house: House, autojump_clock: MockClock) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    await trio.sleep(20 * ACK_SECONDS)
    assert len(await house.letters()) == 1
    assert (await worker.ask("ack", id=ids(worker.said)[0]))["acked"] == 1
    assert await house.letters() == []


async def test_who_wants_one_at_a_time_gets_the_next_with_its_ack(
    node: Node, worker: Browser, services: NativeServices, rules: NativeRules
) -> None:
    await worker.send({"type": "subscribe", "channel": "news", "ack": True, "maxUnacked": 1})
    await node.published(count=3)
    (first,) = ids(told := worker.said)
    told += await worker.send({"type": "ack", "id": first})
    assert tries(told) == [(1, 1), (2, 1)]
    for _ in range(2):
        await node.tell(ALICE)
    await node.dispatch()
    _, told = await alice(node, services, rules, maxUnacked=1)
    assert len(tries(told)) == 1


async def test_it_resumes_after_a_position(node: Node, worker: Browser) -> None:
    await node.published(count=3)
    answer, *told = await worker.send({"type": "subscribe", "channel": "news", "ack": True, "since": position(node, 1)})
    assert (answer["recovered"], answer["replayed"], "skipped" in answer) == (True, 2, False)
    assert tries(told) == [(2, 1), (3, 1)]


async def test_a_durable_one_goes_on_where_it_was_left(
    node: Node, worker: Browser, services: NativeServices, rules: NativeRules
) -> None:
    wish = {"type": "subscribe", "channel": "news", "ack": True, "durable": "worker-1"}
    (answer,) = await worker.send(wish)
    assert "recovered" not in answer
    await node.published(count=3)
    await worker.send({"type": "ack", "id": ids(worker.said)[1]})
    worker.native.closed(1006, "")
    await node.published()
    again = await enter(node, services, rules)
    again.said  # noqa: B018 - the greeting
    answer, *told = await again.send(wish)
    assert (answer["recovered"], answer["replayed"], answer["position"]) == (True, 3, position(node, 4))
    assert [offset for offset, _ in tries(told)] == [1, 3, 4]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"durable": "worker"}, "invalid_durable"),
        ({"durable": "worker", "ack": False}, "invalid_durable"),
        ({"durable": "", "ack": True}, "invalid_message"),
        ({"durable": "a b", "ack": True}, "invalid_durable"),
        ({"durable": "x" * 65, "ack": True}, "invalid_durable"),
    ],
)
async def test_a_durable_has_a_name_and_acks(node: Node, worker: Browser, wish: dict[str, Any], code: str) -> None:
    assert (await worker.ask("subscribe", channel="news", **wish))["code"] == code
    assert node.hub.subscription_count == 0


async def test_without_the_scope_nothing_is_subscribed(node: Node, stranger: Browser) -> None:
    assert (await stranger.ask("subscribe", channel="news", ack=True))["code"] == "not_authenticated"
    await stranger.send({"type": "authenticate", "apiKey": (await node.key("subscribe:other")).key})
    assert (await stranger.ask("subscribe", channel="news", ack=True))["code"] == "scope_missing"


async def test_subscribing_without_acks_takes_the_place_of_it(
    node: Node, worker: Browser, house: House, autojump_clock: MockClock
) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    assert tries(worker.said) == [(1, 1)]
    await worker.ask("subscribe", channel="news")
    await node.published()
    await trio.sleep(10 * ACK_SECONDS)
    assert (tries(worker.said), house.acks.unacked) == ([(2, 1)], 0)


async def test_subscribing_with_acks_takes_the_place_of_one_without(node: Node, worker: Browser, house: House) -> None:
    await worker.ask("subscribe", channel="news")
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    assert (tries(worker.said), house.acks.unacked, node.hub.subscription_count) == ([(1, 1)], 1, 1)


async def test_after_an_unsubscribe_nothing_comes_again(
    node: Node, worker: Browser, house: House, autojump_clock: MockClock
) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    await worker.send({"type": "unsubscribe", "channel": "news"})
    await trio.sleep(10 * ACK_SECONDS)
    assert (worker.said, house.acks.unacked) == ([], 0)


async def test_when_the_link_is_gone_nothing_is_left(node: Node, worker: Browser, house: House) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published()
    worker.native.closed(1006, "")
    assert (house.acks.unacked, node.hub.subscription_count) == (0, 0)


class Doubtful(Acks):
    """Acks whose store does not answer."""

    async def ack(self, connection: Connection, ids: Sequence[str]) -> Acked:
        raise StoreUnavailable("the store does not answer: send the acks again")


async def test_an_ack_that_may_not_outlive_a_crash_is_refused(
    node: Node, services: NativeServices, rules: NativeRules, house: House
) -> None:
    doubtful = replace(services, acks=Doubtful(house.acks.house, node.inboxes))
    browser = await enter(node, doubtful, rules)
    answers = (await browser.send({"type": "ack", "id": "n", "requestId": 1}, {"type": "ping", "requestId": 2}))[-2:]
    assert [(each["requestId"], each.get("code")) for each in answers] == [(1, "store_unavailable"), (2, None)]
    assert browser.socket.closes == []


async def test_answers_to_pipelined_messages_stay_in_order(node: Node, worker: Browser) -> None:
    await node.published(count=2)
    answers = await worker.send(
        {"type": "subscribe", "channel": "news", "ack": True, "since": position(node, 0), "requestId": 1},
        {"type": "ack", "id": "nothing", "requestId": 2},
        {"type": "nack", "ids": ["nothing"], "requestId": 3},
        {"type": "publish", "channel": "other", "data": 1, "requestId": 4},
        {"type": "ack", "ids": ["nothing"], "requestId": 5},
        {"type": "ping", "requestId": 6},
    )
    assert [each["requestId"] for each in answers if each["type"] != "notification"] == [1, 2, 3, 4, 5, 6]
    assert [each["type"] for each in answers[:3]] == ["subscribed", "notification", "notification"]


async def test_no_more_is_open_than_may_be(node: Node, worker: Browser) -> None:
    await worker.ask("subscribe", channel="news", ack=True)
    await node.published(count=3 * RULES.max_unacked)
    got, said = [], worker.said
    while acked := ids(said):
        assert len(acked) <= RULES.max_unacked
        got += tries(said)
        said = await worker.send({"type": "ack", "id": acked[0]}, {"type": "ack", "ids": acked})
    assert got == [(offset, 1) for offset in range(1, 3 * RULES.max_unacked + 1)]


async def test_who_does_not_read_is_ended_alone(
    node: Node, worker: Browser, services: NativeServices, rules: NativeRules
) -> None:
    other = await enter(node, services, rules)
    for each in (worker, other):
        await each.send({"type": "subscribe", "channel": "news", "ack": True})
    worker.socket.outbox.limit = 1
    await node.published(count=2)
    await node.published()
    assert [code for code, _ in worker.socket.closes] == [SLOW_CONSUMER.code]
    assert ([offset for offset, _ in tries(other.said)], other.socket.closes) == ([1, 2, 3], [])


async def test_nothing_is_missed_and_nothing_comes_twice_while_others_publish(node: Node, worker: Browser) -> None:
    await node.published(count=15)
    got: list[int] = []

    async def publish() -> None:
        for _ in range(15):
            await node.published()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(publish)
        said = await worker.send({"type": "subscribe", "channel": "news", "ack": True, "since": position(node, 0)})
        while len(got) < 30:
            got += [offset for offset, _ in tries(said)]
            for notification_id in ids(said):
                await worker.send_only({"type": "ack", "id": notification_id})
            await trio.lowlevel.checkpoint()
            said = worker.said
    assert got == list(range(1, 31))


async def test_an_inbox_with_acks_says_so(node: Node, services: NativeServices, rules: NativeRules) -> None:
    await node.tell(ALICE)
    await node.dispatch()
    browser, (answer, told) = await alice(node, services, rules, requestId="a")
    assert (answer["ack"], answer["ackSeconds"], answer["requestId"]) == (True, ACK_SECONDS, "a")
    assert (answer["userId"], answer["position"]["offset"], "recovered" in answer) == ("alice", 1, False)
    assert tries([told]) == [(1, 1)]
    assert browser.socket.pings == []


async def test_a_pong_moves_nothing_there_and_an_ack_all_before_it(
    node: Node, services: NativeServices, rules: NativeRules
) -> None:
    browser, _ = await alice(node, services, rules)
    for _ in range(3):
        await node.tell(ALICE)
    await node.dispatch()
    browser.native.ping()
    for payload in (*browser.socket.pings, b"1", b"3"):
        browser.native.pong(payload)
    assert len(node.inboxes.look(DEFAULT_CLIENT, ALICE).replay) == 3
    second = ids(browser.said)[1]
    assert (await browser.ask("ack", id=second))["acked"] == 2
    assert len(node.inboxes.look(DEFAULT_CLIENT, ALICE).replay) == 1


async def test_what_an_inbox_is_not_acked_of_comes_again(
    node: Node, services: NativeServices, rules: NativeRules, house: House, autojump_clock: MockClock
) -> None:
    browser, _ = await alice(node, services, rules)
    await node.tell(ALICE)
    await node.dispatch()
    await trio.sleep(20 * ACK_SECONDS)
    assert tries(browser.said) == [(1, 1), (1, 2), (1, 3)]
    assert [letter.reason for letter in await house.letters()] == ["ack_timeout"]


async def test_an_inbox_with_acks_resumes_after_a_position(
    node: Node, services: NativeServices, rules: NativeRules
) -> None:
    for _ in range(3):
        await node.tell(ALICE)
    await node.dispatch()
    epoch = node.broker.inbox.position(DEFAULT_CLIENT, ALICE).epoch
    _, (answer, *told) = await alice(node, services, rules, since={"epoch": epoch, "offset": 1})
    assert (answer["recovered"], answer["replayed"], tries(told)) == (True, 2, [(2, 1), (3, 1)])


async def test_acks_of_the_inbox_go_with_a_token(node: Node, stranger: Browser) -> None:
    answer = await stranger.ask("authenticate", apiKey=(await node.key()).key, ack=True)
    assert (answer["code"], stranger.socket.closes, node.hub.audience(DEFAULT_CLIENT)) == ("invalid_message", [], {})


async def test_acks_of_the_inbox_go_with_the_first_authenticate(node: Node, stranger: Browser) -> None:
    await stranger.ask("authenticate", token=node.token(ALICE))
    assert (await stranger.ask("authenticate", token=node.token(ALICE), ack=True))["code"] == "invalid_message"


async def test_another_token_keeps_the_acks(node: Node, services: NativeServices, rules: NativeRules) -> None:
    browser, _ = await alice(node, services, rules)
    assert (await browser.ask("authenticate", token=node.token(ALICE)))["success"]
    await node.tell(ALICE)
    await node.dispatch()
    assert (tries(browser.said), browser.socket.pings) == ([(1, 1)], [])
