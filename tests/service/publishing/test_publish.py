from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from notifyd import clock
from notifyd.errors import Denied, Draining, IdempotencyMismatch, Invalid, NotifydError, QueueFull, TooLarge
from notifyd.model.command import Publish
from notifyd.model.ids import DEFAULT_CLIENT, KeyId
from notifyd.model.notification import Kind, State
from notifyd.model.principal import Grants, Principal
from notifyd.telemetry.logs import LogOptions, configure
from tests.service.node import DAY_MS, OPERATOR, Node

if TYPE_CHECKING:
    from notifyd.model.receipt import Receipt
    from notifyd.store.ports import Accepted

KEY = Principal(DEFAULT_CLIENT, KeyId("key_1"), Grants(publish=("orders",)))
OTHER_KEY = Principal(DEFAULT_CLIENT, KeyId("key_2"), Grants(publish=("orders",)))


def command(channel: str = "orders", kind: Kind = Kind.CHANNEL, data: bytes = b"1", **fields: Any) -> Publish:
    return Publish(kind, channel, data, **fields)


async def submit(node: Node, principal: Principal = KEY, **fields: Any) -> Accepted:
    return await node.publisher.submit(principal, command(**fields)).result()


async def receipt_of(node: Node, accepted: Accepted) -> Receipt:
    receipt = await node.broker.receipts.find(DEFAULT_CLIENT, accepted.id)
    assert receipt is not None
    return receipt


async def test_what_is_accepted_waits_in_the_queue(node: Node) -> None:
    accepted = await submit(node, priority=7)
    receipt = await receipt_of(node, accepted)
    assert (receipt.state, receipt.channel, receipt.priority) == (State.WAITING, "orders", 7)
    assert (node.counters.accepted, node.counters.rejected) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "refusal", "code"),
    [
        ({"channel": "other"}, Denied, "scope_missing"),
        ({"kind": Kind.BROADCAST}, Denied, "scope_missing"),
        ({"channel": ""}, Invalid, "invalid_channel"),
        ({"channel": "x" * 5000}, Invalid, "invalid_channel"),
        ({"priority": 11}, Invalid, "invalid_request"),
        ({"data": b'"%b"' % (b"x" * 10_000)}, TooLarge, "too_large"),
        ({"data": b"[" * 21 + b"]" * 21}, Invalid, "too_deep"),
        ({"data": b'"\xff"'}, Invalid, "invalid_json"),
        ({"metadata": b"[]"}, Invalid, "invalid_request"),
        ({"ttl_ms": 0}, Invalid, "invalid_request"),
        ({"delay_ms": 31 * DAY_MS}, Invalid, "invalid_request"),
        ({"idempotency_key": "ä"}, Invalid, "invalid_idempotency_key"),
    ],
)
async def test_what_is_refused_is_counted_and_leaves_nothing(
    node: Node, fields: dict[str, Any], refusal: type[NotifydError], code: str
) -> None:
    with pytest.raises(refusal) as problem:
        node.publisher.submit(KEY, command(**fields))
    assert problem.value.code == code
    assert len(problem.value.message) < 500
    assert (node.counters.accepted, node.counters.rejected) == (0, 1)
    assert node.broker.queue.stats(now=clock.now_ms()).waiting == 0


async def test_a_full_queue_says_when_to_come_back(node: Node) -> None:
    for _ in range(20):
        await submit(node)
    with pytest.raises(QueueFull) as problem:
        node.publisher.submit(KEY, command())
    assert problem.value.retry_after_seconds


async def test_once_draining_nothing_is_taken(node: Node) -> None:
    node.publisher.draining = True
    with pytest.raises(Draining) as problem:
        node.publisher.submit(KEY, command())
    with pytest.raises(Draining):
        node.publisher.submit_batch(KEY, [command()])
    assert problem.value.retry_after_seconds == 5


async def test_a_schedule_and_a_time_to_live_count_from_now(node: Node) -> None:
    before = clock.now_ms()
    receipt = await receipt_of(node, await submit(node, delay_ms=60_000, ttl_ms=5000))
    assert before + 60_000 <= receipt.due_at == receipt.expires_at - 5000 <= clock.now_ms() + 60_000
    assert node.broker.queue.stats(now=clock.now_ms()).scheduled == 1


async def test_rules_that_change_count_from_the_next_one_on(node: Node) -> None:
    node.publisher.rules = type(node.publisher.rules)(1000, 0, 1000, 1, 1, 200)
    with pytest.raises(TooLarge, match="at most 1"):
        node.publisher.submit(KEY, command(data=b"12"))


async def test_the_same_idempotency_key_returns_the_first_receipt(node: Node) -> None:
    first = await submit(node, idempotency_key="k")
    again = await submit(node, idempotency_key="k")
    assert (first.duplicate, again.duplicate, again.id) == (False, True, first.id)
    assert (node.counters.accepted, node.counters.rejected) == (1, 0)
    assert node.broker.queue.stats(now=clock.now_ms()).waiting == 1


async def test_it_does_so_after_the_time_of_what_was_accepted(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    mortal = {"idempotency_key": "k", "expires_at": clock.now_ms() + 60_000}
    first = await submit(node, **mortal)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 61_000_000_000)
    assert (await submit(node, **mortal)).id == first.id
    with pytest.raises(Invalid, match="past"):
        node.publisher.submit(KEY, command(**mortal | {"idempotency_key": "new"}))


async def test_with_another_body_it_is_refused(node: Node) -> None:
    await submit(node, idempotency_key="k")
    with pytest.raises(IdempotencyMismatch):
        node.publisher.submit(KEY, command(data=b"2", idempotency_key="k"))


async def test_idempotency_keys_of_two_credentials_are_two(node: Node) -> None:
    first = await submit(node, idempotency_key="k")
    other = await submit(node, OTHER_KEY, idempotency_key="k")
    assert first.id != other.id


async def test_an_idempotency_key_is_forgotten_after_its_time(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await submit(node, idempotency_key="k")
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 3_600_001 * 1_000_000)
    assert (await submit(node, idempotency_key="k")).id != first.id


async def test_a_batch_is_taken_in_its_order(node: Node) -> None:
    pending = node.publisher.submit_batch(KEY, [command(data=b"%d" % number) for number in range(3)])
    ids = [(await each.result()).id for each in pending]
    assert [receipt.id for receipt in await node.broker.queue.waiting(limit=10)] == ids
    assert node.counters.accepted == 3


@pytest.mark.parametrize(
    ("wrong", "refusal", "why"),
    [
        ({"channel": "other"}, Denied, "notifications[1]: this credential may not publish to 'other'"),
        ({"priority": 0}, Invalid, "notifications[1]: priority is 0"),
        ({"data": b'"%b"' % (b"x" * 10_000)}, TooLarge, "notifications[1]: data has"),
    ],
)
async def test_a_batch_with_a_wrong_one_is_refused_whole(
    node: Node, wrong: dict[str, Any], refusal: type[NotifydError], why: str
) -> None:
    with pytest.raises(refusal) as problem:
        node.publisher.submit_batch(KEY, [command(), command(**wrong), command()])
    assert problem.value.message.startswith(why)
    assert node.broker.queue.stats(now=clock.now_ms()).waiting == 0
    assert (node.counters.accepted, node.counters.rejected) == (0, 3)


async def test_a_batch_without_room_is_refused_before_it_is_looked_at(node: Node) -> None:
    with pytest.raises(QueueFull):
        node.publisher.submit_batch(KEY, [command(priority=99)] * 21)
    assert node.counters.rejected == 21


async def test_a_batch_that_does_not_fit_is_refused_whole(node: Node) -> None:
    with pytest.raises(QueueFull):
        node.publisher.submit_batch(KEY, [command()] * 21)
    assert node.broker.queue.stats(now=clock.now_ms()).waiting == 0
    assert node.counters.rejected == 21


async def test_a_clock_that_goes_back_does_not_change_the_order(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await submit(node)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600_000_000_000)
    second = await submit(node)
    assert [receipt.id for receipt in await node.broker.queue.waiting(limit=2)] == [first.id, second.id]
    assert (await receipt_of(node, second)).accepted_at >= (await receipt_of(node, first)).accepted_at


async def test_an_operator_may_publish_anywhere(node: Node) -> None:
    await submit(node, OPERATOR, channel="anything")
    await submit(node, OPERATOR, channel="", kind=Kind.BROADCAST)
    assert node.counters.accepted == 2


async def test_the_log_tells_which_request_made_which_notification(node: Node) -> None:
    book = configure(LogOptions(console=False, level="debug"), node.counters)
    try:
        accepted = await submit(node, request_id="r1")
        with pytest.raises(Denied):
            await submit(node, channel="other", request_id="r2")
    finally:
        configure(LogOptions(console=False), node.counters).close()
    made, refused = [record.fields() for record in book.ring.tail(9) if record.fields()["logger"] == "notifyd.publish"]
    assert (made["event"], made["notification_id"], made["request_id"]) == ("notification_submitted", accepted.id, "r1")
    assert (refused["event"], refused["code"], refused["request_id"]) == ("publish_refused", "scope_missing", "r2")
