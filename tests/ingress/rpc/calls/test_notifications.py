"""Publishing over the admin socket, one and many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.v1 import admin_pb2 as pb
from notifyd.v1.types_pb2 import PublishRequest, Target
from tests.ingress.rpc.house import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ingress.rpc.house import House


async def test_what_is_accepted_has_a_receipt(house: House) -> None:
    accepted = await publish(house, "news", '{"a":1}')
    assert (accepted.status, accepted.durability, accepted.duplicate) == ("accepted", "memory", False)
    receipt = await house.ask("GetNotification", pb.GetNotificationRequest(id=accepted.notification_id))
    assert (receipt.id, receipt.channel, receipt.kind) == (accepted.notification_id, "news", "channel")


async def test_an_idempotency_key_answers_with_the_first(house: House) -> None:
    first = await publish(house, "news", "1", idempotency_key="k")
    again = await publish(house, "news", "1", idempotency_key="k")
    assert again.notification_id == first.notification_id
    assert again.duplicate
    request = PublishRequest(target=Target(channel="news"), data_json="2", idempotency_key="k")
    refusal = await house.refusal("Publish", request)
    assert (refusal.status, refusal.code) == ("ALREADY_EXISTS", "idempotency_key_reused")


async def test_a_scheduled_one_can_be_withdrawn(house: House) -> None:
    accepted = await publish(house, "news", "1", delay_ms=60_000)
    request = pb.CancelNotificationRequest(id=accepted.notification_id)
    assert (await house.ask("CancelNotification", request)).state == "cancelled"
    assert (await house.refusal("CancelNotification", request)).status == "FAILED_PRECONDITION"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (PublishRequest(data_json="1"), "invalid_target"),
        (PublishRequest(target=Target(channel="a"), data_json="{"), "invalid_json"),
        (PublishRequest(target=Target(channel=""), data_json="1"), "invalid_channel"),
        (PublishRequest(target=Target(channel="a"), data_json="1", priority=11), "invalid_request"),
        (PublishRequest(target=Target(channel="a"), data_json='"' + "x" * 10_000 + '"'), "too_large"),
    ],
)
async def test_what_is_wrong_is_refused(house: House, request_: PublishRequest, code: str) -> None:
    refusal = await house.refusal("Publish", request_)
    assert (refusal.status, refusal.code) == ("INVALID_ARGUMENT", code)


async def test_an_unknown_client_is_not_found(house: House) -> None:
    request = PublishRequest(client_id="who", target=Target(channel="a"), data_json="1")
    assert (await house.refusal("Publish", request)).code == "client_not_found"


@pytest.mark.parametrize("method", ["GetNotification", "CancelNotification"])
async def test_an_unknown_notification_is_not_found(house: House, method: str) -> None:
    refusal = await house.refusal(method, pb.GetNotificationRequest(id="none"))
    assert (refusal.status, refusal.code) == ("NOT_FOUND", "notification_not_found")


async def test_many_are_answered_in_order(house: House) -> None:
    def requests() -> Iterator[PublishRequest]:
        for number in range(1000):
            yield PublishRequest(target=Target(channel="news"), data_json=str(number) if number % 100 else "{")

    results = await trio.to_thread.run_sync(lambda: list(house.stub.PublishStream(requests(), timeout=20)))
    assert [result.index for result in results] == list(range(1000))
    refused = [result.index for result in results if result.WhichOneof("outcome") == "refused"]
    assert refused == list(range(0, 1000, 100))
    assert results[0].refused.code == "invalid_json"


async def test_one_result_comes_while_the_stream_is_open(house: House) -> None:
    answered = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def requests() -> Iterator[PublishRequest]:
        yield PublishRequest(target=Target(channel="news"), data_json="1")
        trio.from_thread.run(answered.wait, trio_token=token)

    stream = house.stub.PublishStream(requests(), timeout=20)
    assert (await trio.to_thread.run_sync(next, stream)).accepted.status == "accepted"
    answered.set()
    assert await trio.to_thread.run_sync(list, stream) == []


async def test_a_publisher_that_leaves_disturbs_nobody(house: House) -> None:
    left = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def requests() -> Iterator[PublishRequest]:
        yield PublishRequest(target=Target(channel="news"), data_json="1")
        trio.from_thread.run(left.wait, trio_token=token)

    stream = house.stub.PublishStream(requests(), timeout=20)
    await trio.to_thread.run_sync(next, stream)
    stream.cancel()
    left.set()
    assert (await publish(house, "news", "2")).status == "accepted"
    assert house.counters.errors == 0


async def test_what_cannot_be_submitted_counts_as_rejected(house: House) -> None:
    target = Target(channel="news")
    await house.refusal("Publish", PublishRequest(target=target, data_json="{"))
    await house.refusal("Publish", PublishRequest(target=target, data_json="1", client_id="who"))
    await publish(house, "news", "1")
    assert (house.counters.accepted, house.counters.rejected) == (1, 2)
