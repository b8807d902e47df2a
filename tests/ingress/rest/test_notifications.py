"""Receipts, and withdrawing what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
