"""Receipts, and withdrawing what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.clock import now_ms
from notifyd.model.timeline import Happening, TimelineEvent

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/notifications"


async def scheduled(service: Service, key: str) -> str:
    reply = await service.publish(key, "updates", 1, delay=60_000)
    return str(reply.json["notificationId"])


async def test_a_receipt_tells_the_state(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1, priority=9)
    receipt = await service.dispatched(key, published.json["notificationId"])
    assert (receipt["state"], receipt["kind"], receipt["channel"]) == ("dispatched", "channel", "updates")
    assert (receipt["priority"], receipt["delivered"], receipt["position"]["offset"]) == (9, 0, 1)
    assert receipt["settledAt"] >= receipt["acceptedAt"]


async def test_a_broadcast_has_no_position(service: Service) -> None:
    key = await service.key()
    published = await service.call("POST", f"{PATH}/broadcast", {"data": 1}, key=key)
    receipt = await service.dispatched(key, published.json["notificationId"])
    assert (receipt["kind"], receipt["channel"], receipt["position"]) == ("broadcast", None, None)


async def test_an_operator_sees_every_receipt(service: Service) -> None:
    identifier = await scheduled(service, await service.key())
    assert (await service.call("GET", f"{PATH}/{identifier}", admin=True)).status == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_an_unknown_one_is_404(service: Service, method: str) -> None:
    reply = await service.call(method, f"{PATH}/nope", key=await service.key())
    assert (reply.status, reply.code) == (404, "notification_not_found")
    assert reply.headers["ratelimit-remaining"] == "59"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_credential_is_needed(service: Service, method: str) -> None:
    assert (await service.call(method, f"{PATH}/nope")).code == "missing_api_key"


async def test_development_mode_takes_the_place_of_the_admin_token(dev: Service) -> None:
    assert (await dev.call("GET", f"{PATH}/nope")).code == "notification_not_found"
    assert (await dev.call("GET", f"{PATH}/nope", key="wrong")).code == "invalid_api_key"
    proxied = await dev.call("GET", f"{PATH}/nope", headers={"X-Forwarded-For": "192.0.2.1"})
    assert proxied.code == "local_only"


async def test_a_scheduled_one_is_withdrawn(service: Service) -> None:
    key = await service.key()
    reply = await service.call("DELETE", f"{PATH}/{await scheduled(service, key)}", key=key)
    assert (reply.status, reply.json["notification"]["state"]) == (200, "cancelled")


async def test_what_is_settled_is_not_withdrawn(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1)
    await service.dispatched(key, published.json["notificationId"])
    reply = await service.call("DELETE", f"{PATH}/{published.json['notificationId']}", key=key)
    assert reply.status == 409


async def test_a_receipt_has_acks_and_a_timeline(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1)
    identifier = published.json["notificationId"]
    await service.dispatched(key, identifier)
    event = TimelineEvent(now_ms(), Happening.ACKED, receiver="audit", attempt=2)
    service.broker.receipts.note(identifier, event, acked=1)
    receipt = (await service.call("GET", f"{PATH}/{identifier}", key=key)).json["notification"]
    assert receipt["acked"] == 1
    *before, last = receipt["timeline"]
    assert [event["event"] for event in before] == ["accepted", "dispatched"]
    assert (last["event"], last["receiver"], last["attempt"], "userId" in last) == ("acked", "audit", 2, False)


async def test_a_receipt_can_be_waited_for(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1, delay=200)
    identifier = published.json["notificationId"]
    reply = await service.call("GET", f"{PATH}/{identifier}?wait=dispatched&timeout=20", key=key)
    assert (reply.json["notification"]["state"], reply.json["wait"]["verdict"]) == ("dispatched", "done")


async def test_an_ack_ends_the_wait(service: Service, nursery: trio.Nursery) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1)
    identifier = published.json["notificationId"]
    await service.dispatched(key, identifier)

    async def ack() -> None:
        while not service.services.waiting.waiters:
            await trio.lowlevel.checkpoint()
        service.broker.receipts.note(identifier, TimelineEvent(now_ms(), Happening.ACKED), acked=1)

    nursery.start_soon(ack)
    reply = await service.call("GET", f"{PATH}/{identifier}?wait=acked&timeout=20", key=key)
    assert reply.json["wait"] == {"verdict": "done", "acked": 1, "wanted": 1}


async def test_a_wait_ends_in_time(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", 1)
    path = f"{PATH}/{published.json['notificationId']}?wait=acked&acks=2&timeout=1"
    reply = await service.call("GET", path, key=key)
    assert (reply.status, reply.json["wait"]) == (200, {"verdict": "timed_out", "acked": 0, "wanted": 2})


async def test_who_leaves_waits_no_longer(service: Service) -> None:
    key = await service.key()
    identifier = await scheduled(service, key)
    async with await service.connect() as stream:
        lines = (f"GET {PATH}/{identifier}?wait=dispatched HTTP/1.1", "Host: localhost", f"X-API-Key: {key}", "", "")
        await stream.send_all("\r\n".join(lines).encode())
        while not service.services.waiting.waiters:
            await trio.lowlevel.checkpoint()
    while service.services.waiting.waiters:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    "query",
    ["wait=delivered", "wait=acked&timeout=0", "wait=acked&timeout=301", "wait=dispatched&acks=1", "wait=acked&acks=0"],
)
async def test_what_cannot_be_waited_for(service: Service, query: str) -> None:
    key = await service.key()
    reply = await service.call("GET", f"{PATH}/{await scheduled(service, key)}?{query}", key=key)
    assert reply.status == 400


async def test_waiting_for_what_is_not_there_is_404(service: Service) -> None:
    reply = await service.call("GET", f"{PATH}/nope?wait=acked", key=await service.key())
    assert (reply.status, reply.code) == (404, "notification_not_found")


async def test_no_more_wait_than_may(service: Service) -> None:
    service.services.waiting.max_waiters = 0
    key = await service.key()
    reply = await service.call("GET", f"{PATH}/{await scheduled(service, key)}?wait=acked", key=key)
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (429, "too_many_waiters", "1")


async def test_a_receipt_tells_the_request_that_it_came_in(service: Service) -> None:
    key = await service.key()
    body = {"channel": "updates", "data": 1}
    named = await service.call("POST", PATH, body, key=key, headers={"X-Request-ID": "checkout-8841"})
    assert (await service.dispatched(key, named.json["notificationId"]))["requestId"] == "checkout-8841"
    unnamed = await service.call("POST", PATH, body, key=key, headers={"X-Request-ID": "two words"})
    receipt = await service.dispatched(key, unnamed.json["notificationId"])
    assert receipt["requestId"] == unnamed.headers["x-request-id"] != "two words"


async def test_all_of_a_batch_came_in_one_request(service: Service) -> None:
    key = await service.key()
    batch = {"notifications": [{"channel": "updates", "data": number} for number in (1, 2)]}
    reply = await service.call("POST", f"{PATH}/batch", batch, key=key, headers={"X-Request-ID": "b1"})
    receipts = [await service.dispatched(key, each) for each in reply.json["notificationIds"]]
    assert [receipt["requestId"] for receipt in receipts] == ["b1", "b1"]


async def test_a_repeated_request_with_another_id_is_the_same_one(service: Service) -> None:
    key = await service.key()
    body = {"channel": "updates", "data": 1}
    replies = [
        await service.call("POST", PATH, body, key=key, headers={"X-Request-ID": name, "Idempotency-Key": "k"})
        for name in ("first", "second")
    ]
    assert replies[0].json["notificationId"] == replies[1].json["notificationId"]
    assert (await service.dispatched(key, replies[1].json["notificationId"]))["requestId"] == "first"
