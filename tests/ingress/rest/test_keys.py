"""The calls below /api/keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/keys"


async def create(service: Service, **fields: Any) -> dict[str, Any]:
    reply = await service.call("POST", PATH, {"clientName": "MyApp", **fields}, admin=True)
    assert reply.status == 201, reply
    body: dict[str, Any] = reply.json
    return body


async def test_the_documented_call_makes_a_key(service: Service) -> None:
    reply = await service.call("POST", PATH, {"clientName": "MyApp"}, admin=True)
    assert reply.status == 201
    assert list(reply.json) == ["success", "apiKey", "keyId", "clientName", "message"]
    assert reply.json["success"] is True
    assert (reply.json["clientName"], reply.json["message"]) == ("MyApp", "API key created successfully")
    assert (reply.headers["cache-control"], reply.headers["location"]) == (
        "no-store",
        f"/api/keys/{reply.json['keyId']}",
    )


async def test_a_new_key_publishes(service: Service) -> None:
    await service.publish((await create(service))["apiKey"], "updates", 1)


async def test_a_key_may_be_narrowed(service: Service) -> None:
    made = await create(
        service,
        scopes=["publish:orders.*"],
        expiresAt="2100-01-01T00:00:00Z",
        allowedCidrs=["127.0.0.0/8"],
        clientId="default",
    )
    shown = (await service.call("GET", f"{PATH}/{made['keyId']}", admin=True)).json["key"]
    assert (shown["scopes"], shown["allowedCidrs"]) == (["publish:orders.*"], ["127.0.0.0/8"])
    assert (shown["expiresAt"], shown["status"]) == ("2100-01-01T00:00:00.000Z", "active")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"clientName": ""}, 400, "invalid_name"),
        ({"clientName": "x", "scopes": ["fly"]}, 400, "invalid_scope"),
        ({"clientName": "x", "allowedCidrs": ["nowhere"]}, 400, "invalid_cidr"),
        ({"clientName": "x", "expiresAt": "2020-01-01T00:00:00Z"}, 400, "invalid_request"),
        ({"clientName": "x", "expiresAt": 5}, 400, "invalid_request"),
        ({"clientName": "x", "clientId": "other"}, 404, "client_not_found"),
    ],
)
async def test_a_wrong_wish_is_refused(service: Service, body: Any, status: int, code: str) -> None:
    reply = await service.call("POST", PATH, body, admin=True)
    assert (reply.status, reply.code) == (status, code)


async def test_a_key_sent_as_a_form_is_refused(service: Service) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await service.call("POST", PATH, body=b'{"clientName":"x"}', admin=True, headers=headers)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


async def test_keys_are_listed_without_their_secrets(service: Service) -> None:
    made = await create(service)
    reply = await service.call("GET", PATH, admin=True)
    (shown,) = reply.json["keys"]
    assert (shown["id"], shown["clientName"], shown["clientId"]) == (made["keyId"], "MyApp", "default")
    assert made["apiKey"].encode() not in reply.body
    assert shown["lastUsedAt"] is None


@pytest.mark.parametrize("by", ["keyId", "apiKey"])
async def test_a_key_is_found_by_its_id_and_by_itself(service: Service, by: str) -> None:
    made = await create(service)
    reply = await service.call("GET", f"{PATH}/{made[by]}", admin=True)
    assert (reply.status, reply.json["key"]["id"]) == (200, made["keyId"])


@pytest.mark.parametrize("by", ["keyId", "apiKey"])
async def test_a_revoked_key_is_good_no_more(service: Service, by: str) -> None:
    made = await create(service)
    reply = await service.call("DELETE", f"{PATH}/{made[by]}", admin=True)
    assert (reply.status, reply.json) == (200, {"success": True, "message": "API key revoked successfully"})
    refused = await service.call("POST", "/api/notifications", {"channel": "c", "data": 1}, key=made["apiKey"])
    assert (refused.status, refused.code) == (401, "invalid_api_key")


async def test_revoked_keys_are_listed_on_demand(service: Service) -> None:
    made = await create(service)
    await service.call("DELETE", f"{PATH}/{made['keyId']}", admin=True)
    assert (await service.call("GET", PATH, admin=True)).json["keys"] == []
    (shown,) = (await service.call("GET", f"{PATH}?includeRevoked=true", admin=True)).json["keys"]
    assert shown["status"] == "revoked"
    assert shown["revokedAt"] is not None


@pytest.mark.parametrize("query", ["includeRevoked=maybe", "includeRevoked=%ff", "&".join("a=1" for _ in range(60))])
async def test_a_malformed_query_is_refused(service: Service, query: str) -> None:
    assert (await service.call("GET", f"{PATH}?{query}&includeRevoked=0", admin=True)).status == (
        200 if "maybe" in query else 400
    )
    assert (await service.call("GET", f"{PATH}?{query}", admin=True)).status == 400


async def test_keys_of_another_client_are_not_listed(service: Service) -> None:
    await create(service)
    assert (await service.call("GET", f"{PATH}?clientId=other", admin=True)).json["keys"] == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nope"), ("DELETE", "/nope"), ("POST", "/nope/rotate"), ("GET", "/%E2%82%AC")]
)
async def test_an_unknown_key_is_404(service: Service, method: str, path: str) -> None:
    reply = await service.call(method, PATH + path, admin=True)
    assert (reply.status, reply.code) == (404, "key_not_found")


async def test_rotation_overlaps(service: Service) -> None:
    made = await create(service)
    reply = await service.call("POST", f"{PATH}/{made['keyId']}/rotate", {"overlapSeconds": 60}, admin=True)
    assert (reply.status, reply.json["keyId"]) == (200, made["keyId"])
    assert reply.json["apiKey"] != made["apiKey"]
    for key in (made["apiKey"], reply.json["apiKey"]):
        await service.publish(key, "updates", 1)


async def test_rotation_needs_no_body(service: Service) -> None:
    made = await create(service)
    assert (await service.call("POST", f"{PATH}/{made['keyId']}/rotate", admin=True)).status == 200


async def test_rotation_may_end_the_old_key_at_once(service: Service) -> None:
    made = await create(service)
    await service.call("POST", f"{PATH}/{made['keyId']}/rotate", {"overlapSeconds": 0}, admin=True)
    refused = await service.call("GET", "/api/notifications/x", key=made["apiKey"])
    assert (refused.status, refused.code) == (401, "invalid_api_key")


async def test_a_revoked_key_is_not_rotated(service: Service) -> None:
    made = await create(service)
    await service.call("DELETE", f"{PATH}/{made['keyId']}", admin=True)
    reply = await service.call("POST", f"{PATH}/{made['keyId']}/rotate", admin=True)
    assert (reply.status, reply.code) == (409, "key_revoked")


@pytest.mark.parametrize("overlap", [-1, "long", 1e300])
async def test_a_wrong_overlap_is_refused(service: Service, overlap: Any) -> None:
    made = await create(service)
    reply = await service.call("POST", f"{PATH}/{made['keyId']}/rotate", {"overlapSeconds": overlap}, admin=True)
    assert (reply.status, reply.code) == (400, "invalid_request")
    assert "overlapSeconds" in reply.json["error"]["message"]
