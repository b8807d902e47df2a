"""The calls below /api/v1/clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notifyd.model.ids import ClientId

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/v1/clients"
DOCUMENTED = {
    "appName": "Your App Name",
    "clientSecret": "your-secret-key-at-least-8-chars",
    "clientUrl": "https://your-app-domain.com",
    "description": "Description of your application",
    "cookieName": "your_auth_cookie_name",
}


async def register(service: Service, **fields: Any) -> dict[str, Any]:
    reply = await service.call("POST", PATH, {"appName": "Shop", **fields}, admin=True)
    assert reply.status == 201, reply
    body: dict[str, Any] = reply.json
    return body


async def test_the_documented_call_works_in_development_mode(dev: Service) -> None:
    reply = await dev.call("POST", PATH, DOCUMENTED)
    assert reply.status == 201
    assert reply.json["id"] == reply.json["clientId"]
    assert {name: reply.json[name] for name in DOCUMENTED if name != "clientSecret"} == {
        name: value for name, value in DOCUMENTED.items() if name != "clientSecret"
    }
    assert reply.json["success"] is True
    assert "clientSecret" not in reply.json
    assert reply.json["createdAt"].endswith("Z")


async def test_a_client_is_shown_where_the_answer_says(service: Service) -> None:
    reply = await service.call("POST", PATH, DOCUMENTED, admin=True)
    assert reply.headers["cache-control"] == "no-store"
    shown = await service.call("GET", reply.headers["location"], admin=True)
    assert shown.json["client"]["appName"] == "Your App Name"
    assert DOCUMENTED["clientSecret"].encode() not in shown.body


@pytest.mark.parametrize("fields", [{}, {"clientSecret": None}])
async def test_a_secret_is_made_where_none_is_brought(service: Service, fields: dict[str, Any]) -> None:
    made = await register(service, **fields)
    assert len(made["clientSecret"]) >= 32
    assert made["warnings"] == []
    assert service.services.clients.is_secret(ClientId(made["id"]), made["clientSecret"])


async def test_a_short_secret_is_warned_of(service: Service) -> None:
    (warning,) = (await register(service, clientSecret="8-chars!"))["warnings"]
    assert "short" in warning
    assert "8-chars!" not in warning


WRONG = {"clientSecret": "short", "clientUrl": "nowhere", "cookieName": "a b", "description": "\0"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["appName"]),
        ({"appName": " "}, ["appName"]),
        ({"appName": "x", "clientSecret": ""}, ["clientSecret"]),
        ({"appName": "x", "clientSecret": "1234567"}, ["clientSecret"]),
        ({"appName": "x", "clientUrl": "javascript:alert(1)"}, ["clientUrl"]),
        ({"appName": "x", "cookieName": "a;b"}, ["cookieName"]),
        (WRONG, ["appName", "clientSecret", "clientUrl", "cookieName", "description"]),
        ({**WRONG, "appName": 5}, ["appName", "clientSecret", "clientUrl", "cookieName", "description"]),
        ({**WRONG, "appName": "x", "clientUrl": []}, ["clientSecret", "clientUrl", "cookieName", "description"]),
        ({"appName": {}, "clientSecret": "", "description": 1}, ["appName", "clientSecret", "description"]),
    ],
)
async def test_every_problem_is_named(service: Service, body: Any, fields: list[str]) -> None:
    reply = await service.call("POST", PATH, body, admin=True)
    assert (reply.status, reply.code) == (400, "invalid_client")
    details = reply.json["error"]["details"]
    assert sorted({row["field"] for row in details}) == fields
    assert all(row["message"] in reply.json["error"]["message"] for row in details)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"appName":', b"\xff", b'"x"', b"[" * 200_000])
async def test_what_is_no_object_is_refused(service: Service, body: bytes) -> None:
    reply = await service.call("POST", PATH, body=body, admin=True, headers={"Content-Type": "application/json"})
    assert reply.status == 400
    assert "details" not in reply.json["error"]


async def test_clients_are_listed_without_their_secrets(service: Service) -> None:
    made = await register(service)
    reply = await service.call("GET", PATH, admin=True)
    assert [client["id"] for client in reply.json["clients"]] == ["default", made["id"]]
    assert made["clientSecret"].encode() not in reply.body
    assert set(reply.json["clients"][0]) == set(reply.json["clients"][1])


@pytest.mark.parametrize(("method", "path"), [("GET", "/x"), ("DELETE", "/x"), ("POST", "/x/rotate-secret")])
async def test_an_unknown_client_is_404(service: Service, method: str, path: str) -> None:
    reply = await service.call(method, PATH + path, admin=True)
    assert (reply.status, reply.code) == (404, "client_not_found")


async def test_a_removed_client_is_gone(service: Service) -> None:
    made = await register(service)
    reply = await service.call("DELETE", f"{PATH}/{made['id']}", admin=True)
    assert (reply.status, reply.json) == (200, {"success": True, "message": "client removed successfully"})
    assert (await service.call("GET", f"{PATH}/{made['id']}", admin=True)).status == 404


async def test_the_default_client_stays(service: Service) -> None:
    reply = await service.call("DELETE", f"{PATH}/default", admin=True)
    assert (reply.status, reply.code) == (409, "client_protected")


async def test_a_rotation_makes_a_secret_and_overlaps(service: Service) -> None:
    made = await register(service)
    reply = await service.call("POST", f"{PATH}/{made['id']}/rotate-secret", {"overlapSeconds": 60}, admin=True)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    assert reply.json["client"]["previousSecretUntil"] > reply.json["client"]["updatedAt"]
    for secret in (made["clientSecret"], reply.json["clientSecret"]):
        assert service.services.clients.is_secret(ClientId(made["id"]), secret)


async def test_a_rotation_needs_no_body(service: Service) -> None:
    made = await register(service)
    reply = await service.call("POST", f"{PATH}/{made['id']}/rotate-secret", admin=True)
    assert (reply.status, len(reply.json["clientSecret"]) >= 32) == (200, True)


async def test_a_rotation_takes_a_secret_and_may_end_the_old_one(service: Service) -> None:
    made = await register(service)
    body = {"clientSecret": "another-secret-of-at-least-32-characters", "overlapSeconds": 0}
    reply = await service.call("POST", f"{PATH}/{made['id']}/rotate-secret", body, admin=True)
    assert (reply.status, "clientSecret" in reply.json) == (200, False)
    assert reply.json["client"]["previousSecretUntil"] is None
    assert not service.services.clients.is_secret(ClientId(made["id"]), made["clientSecret"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"clientSecret": ""}, "clientSecret"),
        ({"clientSecret": "short"}, "clientSecret"),
        ({"overlapSeconds": -1}, "overlapSeconds"),
    ],
)
async def test_a_wrong_rotation_is_refused(service: Service, body: Any, field: str) -> None:
    made = await register(service)
    reply = await service.call("POST", f"{PATH}/{made['id']}/rotate-secret", body, admin=True)
    assert reply.status == 400
    assert [row["field"] for row in reply.json["error"]["details"]] == [field]


async def test_a_client_has_keys_of_its_own(service: Service) -> None:
    made = await register(service)
    body = {"clientName": "backend", "clientId": made["id"], "scopes": ["users"]}
    reply = await service.call("POST", "/api/keys", body, admin=True)
    assert reply.status == 201
    await service.call("DELETE", f"{PATH}/{made['id']}", admin=True)
    refused = await service.call("GET", "/api/notifications/x", key=reply.json["apiKey"])
    assert (refused.status, refused.code) == (401, "invalid_api_key")
