"""Push tokens: who may register, list and forget them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.ingress.edge.rest.services import RestOptions

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Reply, Service

PATH = "/api/v1/devices"
SECRET = "a-secret-of-the-shop-with-more-than-32-characters"
PUSH_TOKEN = "push-token-of-alice-with-enough-characters"


async def register(service: Service, fields: dict[str, Any], **how: Any) -> Reply:
    return await service.call("POST", PATH, {"fcmToken": PUSH_TOKEN, **fields}, **how)


async def registered(service: Service, user_id: str = "alice", client_id: str = "default", **fields: Any) -> str:
    reply = await register(service, {"clientId": client_id, "userId": user_id, **fields}, admin=True)
    assert reply.status == 201, reply
    return str(reply.json["deviceId"])


async def listed(service: Service, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await service.call("GET", PATH + query, admin=True)).json["devices"]
    return found


async def test_an_operator_registers_for_anybody(service: Service) -> None:
    client_id = await service.client()
    reply = await register(service, {"clientId": client_id, "userId": "alice"}, admin=True)
    device = reply.json["device"]
    assert (reply.status, reply.json["deviceId"]) == (201, device["id"])
    assert (device["clientId"], device["userId"], device["tokenHint"]) == (client_id, "alice", "acters")
    assert PUSH_TOKEN.encode() not in reply.body


async def test_the_client_s_secret_is_enough(service: Service) -> None:
    client_id = await service.client(secret=SECRET)
    reply = await register(service, {"clientId": client_id, "userId": "alice"}, headers={"X-Client-Secret": SECRET})
    assert (reply.status, reply.headers["ratelimit-remaining"]) == (201, "59")


@pytest.mark.parametrize("client_id", ["default", "unknown", "", "default\0"])
@pytest.mark.parametrize("secret", [SECRET, "", "\xff"])
async def test_another_secret_tells_nothing_of_the_client(service: Service, client_id: str, secret: str) -> None:
    await service.client(secret=SECRET)
    reply = await register(
        service, {"clientId": client_id or "x", "userId": "alice"}, headers={"X-Client-Secret": secret}
    )
    assert (reply.status, reply.code) == (401, "invalid_client_secret")
    assert reply.json["error"]["message"] == "this is not the secret of that client"
    assert service.services.counters.authentication_failures == 1
    assert await listed(service) == []


async def test_a_secret_cannot_be_guessed_at_speed(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=2, burst=2)
    client_id = await service.client(secret=SECRET)
    body = {"clientId": client_id, "userId": "alice"}
    wrong = [await register(service, body, headers={"X-Client-Secret": "wrong-secret"}) for _ in range(3)]
    assert [reply.status for reply in wrong] == [401, 401, 429]
    assert (await register(service, body, headers={"X-Client-Secret": SECRET})).status == 429
    other = {"clientId": await service.client(secret=SECRET), "userId": "alice"}
    assert (await register(service, other, headers={"X-Client-Secret": SECRET})).status == 201


async def test_a_secret_is_good_for_registering_alone(service: Service) -> None:
    await service.client(secret=SECRET)
    for method, path in (("GET", PATH), ("DELETE", f"{PATH}/x"), ("GET", "/api/v1/users/alice/inbox")):
        reply = await service.call(method, path, headers={"X-Client-Secret": SECRET})
        assert (reply.status, reply.code) == (401, "admin_token_required")


@pytest.mark.parametrize("named", [(), ("userId",), ("clientId", "userId")])
async def test_a_user_registers_for_oneself(service: Service, named: tuple[str, ...]) -> None:
    client_id = await service.client()
    fields = {name: value for name, value in (("clientId", client_id), ("userId", "alice")) if name in named}
    reply = await register(service, fields, token=service.token("alice", client_id))
    assert (reply.status, reply.json["device"]["userId"], reply.json["device"]["clientId"]) == (201, "alice", client_id)


@pytest.mark.parametrize("fields", [{"userId": "bob"}, {"clientId": "default"}, {"clientId": "unknown"}])
async def test_a_user_registers_for_nobody_else(service: Service, fields: dict[str, str]) -> None:
    reply = await register(service, fields, token=service.token("alice", await service.client()))
    assert (reply.status, reply.code) == (403, "wrong_user")


@pytest.mark.parametrize("how", [{}, {"key": True}, {"headers": {"Authorization": "Bearer not-the-admin-token"}}])
async def test_nothing_else_will_do(service: Service, how: dict[str, Any]) -> None:
    if "key" in how:
        how = {"key": await service.key()}
    reply = await register(service, {"clientId": "default", "userId": "alice"}, **how)
    assert (reply.status, reply.code) == (401, "admin_token_required")
    assert "X-Client-Secret" in reply.json["error"]["message"]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, ["clientId", "userId"]),
        ({"clientId": "default"}, ["userId"]),
        ({"clientId": 1, "userId": 2, "fcmToken": 3}, ["clientId", "fcmToken", "userId"]),
    ],
)
async def test_what_is_missing_is_named(service: Service, fields: dict[str, Any], names: list[str]) -> None:
    reply = await register(service, fields, admin=True)
    assert (reply.status, sorted(row["field"] for row in reply.json["error"]["details"])) == (400, names)


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"clientId": "unknown"}, 404, "client_not_found"),
        ({"userId": "\n"}, 400, "invalid_user"),
        ({"fcmToken": ""}, 400, "invalid_device_token"),
        ({"fcmToken": "x" * 5000}, 400, "invalid_device_token"),
    ],
)
async def test_what_cannot_be_is_refused(service: Service, fields: dict[str, str], status: int, code: str) -> None:
    reply = await register(service, {"clientId": "default", "userId": "alice", **fields}, admin=True)
    assert (reply.status, reply.code) == (status, code)


async def test_devices_are_listed_by_client_and_user(service: Service) -> None:
    client_id = await service.client()
    for user_id in ("alice", "bob"):
        await registered(service, user_id, client_id, fcmToken=f"push-token-of-{user_id}")
    assert [one["userId"] for one in await listed(service, f"?clientId={client_id}")] == ["alice", "bob"]
    assert [one["userId"] for one in await listed(service, f"?clientId={client_id}&userId=bob")] == ["bob"]
    assert len(await listed(service, f"?clientId={client_id}&limit=1")) == 1
    assert await listed(service) == []
    assert (await service.call("GET", f"{PATH}?clientId=unknown", admin=True)).status == 404


async def test_an_operator_forgets_any_device(service: Service) -> None:
    device_id = await registered(service)
    reply = await service.call("DELETE", f"{PATH}/{device_id}", admin=True)
    assert (reply.status, reply.json["message"]) == (200, "device removed successfully")
    assert (await service.call("DELETE", f"{PATH}/{device_id}", admin=True)).code == "device_not_found"


async def test_a_device_is_of_its_client(service: Service) -> None:
    device_id = await registered(service)
    reply = await service.call("DELETE", f"{PATH}/{device_id}?clientId={await service.client()}", admin=True)
    assert (reply.status, reply.code) == (404, "device_not_found")


async def test_a_user_forgets_the_own_device(service: Service) -> None:
    client_id = await service.client()
    device_id = await registered(service, "alice", client_id)
    for user_id, status in (("bob", 404), ("alice", 200)):
        token = service.token(user_id, client_id)
        reply = await service.call("DELETE", f"{PATH}/{device_id}?clientId={client_id}", token=token)
        assert reply.status == status
    assert await listed(service, f"?clientId={client_id}") == []


async def test_development_mode_needs_no_credential(start: StartService) -> None:
    dev = await start(RestOptions(dev=True))
    assert (await register(dev, {"clientId": "default", "userId": "alice"})).status == 201
    wrong = await register(dev, {"clientId": "default", "userId": "a"}, headers={"X-Client-Secret": "wrong"})
    assert (wrong.status, wrong.code) == (401, "invalid_client_secret")
