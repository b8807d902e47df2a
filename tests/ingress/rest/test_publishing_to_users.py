"""POST /api/v1/notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio

from tests.ingress.harness import ADMIN_TOKEN, head, parse_reply

if TYPE_CHECKING:
    from tests.ingress.harness import Reply, Service

PATH = "/api/v1/notifications"
BODY = {"clientId": "default", "users": ["alice"], "payload": {"title": "Hello"}}


async def publish(service: Service, body: Any = None, **how: Any) -> Reply:
    return await service.call("POST", PATH, BODY if body is None else body, **(how or {"admin": True}))


async def test_the_documented_call_works_in_development_mode(dev: Service) -> None:
    client_id = await dev.client()
    body = {
        "clientId": client_id,
        "users": ["user1", "user2"],
        "payload": {
            "title": "Notification Title",
            "body": "Notification Body",
            "actionUrl": "https://example.com/action",
            "imageUrl": "https://example.com/image.jpg",
            "data": {"customField": "value"},
        },
    }
    reply = await publish(dev, body, headers={"Authorization": "Bearer your-admin-token"})
    assert (reply.status, reply.json["status"], reply.json["success"]) == (202, "accepted", True)
    receipt = await dev.dispatched(await dev.key(client_id=client_id), reply.json["notificationId"])
    assert [row["userId"] for row in receipt["users"]] == ["user1", "user2"]


async def test_development_mode_needs_no_credential(dev: Service) -> None:
    assert (await publish(dev, headers={"Accept": "*/*"})).status == 202


async def test_a_page_cannot_make_the_call_in_development_mode(dev: Service) -> None:
    reply = await publish(dev, headers={"Origin": "https://evil.example"})
    assert (reply.status, reply.code) == (403, "local_only")


async def test_a_user_may_be_named_by_a_number(service: Service) -> None:
    reply = await publish(service, BODY | {"users": [42, "alice"]})
    receipt = await service.dispatched(None, reply.json["notificationId"])
    assert [row["userId"] for row in receipt["users"]] == ["42", "alice"]


async def test_the_receipt_tells_what_became_of_it(service: Service) -> None:
    notification_id = await service.tell("default", "alice", "bob", priority=9)
    receipt = await service.dispatched(None, notification_id)
    assert (receipt["kind"], receipt["channel"], receipt["position"]) == ("users", None, None)
    assert (receipt["priority"], receipt["delivered"], receipt["acked"], receipt["stored"]) == (9, 0, 0, 2)
    assert (receipt["pushed"], receipt["failed"], receipt["reason"]) == (0, 0, None)
    assert receipt["users"][1] == {
        "userId": "bob",
        "state": "stored",
        "offset": 1,
        "connections": 0,
        "pushed": 0,
        "failed": 0,
        "reason": None,
    }


async def test_what_has_arrived_is_counted(service: Service) -> None:
    notification_id = await service.tell("default", "alice")
    inboxes = service.services.inboxes
    principal = service.services.connector.token_principal(service.token("alice"))
    inboxes.advance(principal, inboxes.look("default", "alice").position)
    receipt = await service.dispatched(None, notification_id)
    assert (receipt["acked"], receipt["stored"], receipt["users"][0]["state"]) == (1, 0, "delivered")


@pytest.mark.parametrize("names", [("payload",), ("data",), ("payload", "data")])
async def test_payload_and_data_are_one_value(service: Service, names: tuple[str, ...]) -> None:
    await service.tell("default", "bob")
    body = {"clientId": "default", "users": ["alice"], **{name: {"a": [1, "ü"]} for name in names}}
    reply = await publish(service, body)
    await service.dispatched(None, reply.json["notificationId"])
    inbox = await service.call("GET", "/api/v1/users/alice/inbox", admin=True)
    assert inbox.json["notifications"][0]["data"] == {"a": [1, "ü"]}


async def test_payload_and_data_may_be_written_differently(service: Service) -> None:
    raw = b'{"clientId":"default","users":["a"],"payload":{"x":1,"y":2},"data":{"y" : 2, "x":1}}'
    reply = await service.call("POST", PATH, body=raw, admin=True)
    assert reply.status == 202


NESTED = "[" * 20_000 + "1" + "]" * 20_000


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"clientId": "default", "payload": 1}, ["users"]),
        ({"clientId": "default", "users": [], "payload": 1}, ["users"]),
        ({"clientId": "default", "users": None, "payload": 1}, ["users"]),
        ({"clientId": "default", "users": "alice", "payload": 1}, ["users"]),
        ({"clientId": "default", "users": ["a", True], "payload": 1}, ["users[1]"]),
        ({"users": ["a"], "payload": 1}, ["clientId"]),
        ({"clientId": "", "users": ["a"], "payload": 1}, ["clientId"]),
        ({"clientId": "default", "users": ["a"]}, ["payload"]),
        ({"clientId": "default", "users": ["a"], "payload": 1, "data": 2}, ["payload"]),
        ({"users": []}, ["clientId", "users", "payload"]),
        ({"clientId": 5, "priority": 11, "ttl": 0}, ["users", "clientId", "priority", "ttl"]),
    ],
)
async def test_every_problem_is_named(service: Service, body: Any, fields: list[str]) -> None:
    reply = await publish(service, body)
    assert (reply.status, reply.code) == (400, "invalid_request")
    assert [row["field"] for row in reply.json["error"]["details"]] == fields


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"users": [""]}, 400, "invalid_user"),
        ({"users": ["x" * 300]}, 400, "invalid_user"),
        ({"users": [f"u{n}" for n in range(1001)]}, 400, "too_many_targets"),
        ({"ttl": 5, "expiresAt": "2100-01-01T00:00:00Z"}, 400, "invalid_request"),
        ({"metadata": []}, 400, "invalid_request"),
        ({"clientId": "unknown"}, 404, "client_not_found"),
        ({"payload": "x" * 262_200}, 413, "too_large"),
    ],
)
async def test_what_cannot_be_is_refused(service: Service, fields: dict[str, Any], status: int, code: str) -> None:
    reply = await publish(service, BODY | fields)
    assert (reply.status, reply.code) == (status, code)
    assert service.services.counters.rejected == 1


@pytest.mark.parametrize("both", ["", ',"data":' + NESTED + " "])
async def test_a_payload_that_is_nested_too_deep_is_refused(service: Service, both: str) -> None:
    raw = b'{"clientId":"default","users":["a"],"payload":%b%b}' % (NESTED.encode(), both.encode())
    reply = await service.call("POST", PATH, body=raw, admin=True)
    assert reply.status == 400


async def test_users_are_told_once(service: Service) -> None:
    receipt = await service.dispatched(None, await service.tell("default", "alice", "alice"))
    assert len(receipt["users"]) == 1


async def test_an_idempotency_key_is_honoured(service: Service) -> None:
    how = {"admin": True, "headers": {"Idempotency-Key": "order-42"}}
    first, again = [await publish(service, **how) for _ in range(2)]
    assert (first.status, again.status, again.json) == (202, 202, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    other = await publish(service, BODY | {"users": ["bob"]}, **how)
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_idempotency_keys_of_two_clients_are_two(service: Service) -> None:
    how = {"admin": True, "headers": {"Idempotency-Key": "order-42"}}
    replies = [await publish(service, BODY | {"clientId": one}, **how) for one in ("default", await service.client())]
    assert replies[0].json["notificationId"] != replies[1].json["notificationId"]


async def test_a_scheduled_one_can_be_withdrawn(service: Service) -> None:
    accepted = await publish(service, BODY | {"delay": 60_000})
    path = f"/api/notifications/{accepted.json['notificationId']}"
    assert (await service.call("DELETE", path, admin=True)).json["notification"]["state"] == "cancelled"


@pytest.mark.parametrize("scopes", [("users",), ()])
@pytest.mark.parametrize("named", [True, False])
async def test_a_key_with_the_scope_publishes_for_its_client(
    service: Service, scopes: tuple[str, ...], named: bool
) -> None:
    client_id = await service.client()
    key = await service.key(*scopes, client_id=client_id)
    body = {"users": ["alice"], "payload": 1} | ({"clientId": client_id} if named else {})
    reply = await publish(service, body, key=key)
    assert (reply.status, reply.headers["ratelimit-remaining"]) == (202, "59")
    receipt = await service.dispatched(key, reply.json["notificationId"])
    assert receipt["clientId"] == client_id


async def test_a_key_without_the_scope_does_not(service: Service) -> None:
    reply = await publish(service, key=await service.key("publish:*", "broadcast"))
    assert (reply.status, reply.code) == (403, "scope_missing")


@pytest.mark.parametrize("client_id", ["default", "unknown", ""])
async def test_a_key_reaches_no_other_client(service: Service, client_id: str) -> None:
    key = await service.key(client_id=await service.client())
    reply = await publish(service, BODY | {"clientId": client_id}, key=key)
    assert (reply.status, reply.code) == (403, "wrong_client")
    assert (await service.call("GET", "/api/v1/users/alice/inbox", admin=True)).json["kept"] == 0


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"headers": {"Accept": "*/*"}}, "admin_token_required"),
        ({"headers": {"Authorization": "Bearer your-admin-token"}}, "admin_token_required"),
        ({"headers": {"Authorization": "Basic x"}}, "admin_token_required"),
        ({"key": "no-key"}, "invalid_api_key"),
    ],
)
async def test_a_credential_is_needed(service: Service, how: dict[str, Any], code: str) -> None:
    reply = await publish(service, **how)
    assert (reply.status, reply.code) == (401, code)


async def test_a_user_s_token_is_no_credential_here(service: Service) -> None:
    reply = await publish(service, token=service.token("alice"))
    assert (reply.status, reply.code) == (401, "admin_token_required")


async def test_unknown_clients_are_not_told_to_strangers(service: Service) -> None:
    known, unknown = [
        await publish(service, BODY | {"clientId": one}, headers={"X-Request-Id": "r"}) for one in ("default", "x")
    ]
    assert (known.status, known.body) == (unknown.status, unknown.body) == (401, unknown.body)


async def test_pipelined_calls_are_answered_in_order(service: Service) -> None:
    headers = {"Host": "localhost", "Authorization": f"Bearer {ADMIN_TOKEN}"}
    bodies = [b'{"clientId":"default","users":["a"],"payload":%d}' % n for n in range(3)]
    requests = [head("POST", PATH, headers | {"Content-Length": str(len(body))}) + body for body in bodies]
    last = head("GET", "/api/v1/users/a/inbox", headers | {"Connection": "close"})
    async with await trio.open_tcp_stream("127.0.0.1", service.port) as stream:
        await stream.send_all(b"".join(requests) + last)
        raw = b"".join([chunk async for chunk in stream])
    assert raw.count(b"HTTP/1.1 202 ") == 3
    assert parse_reply(raw[raw.rindex(b"HTTP/1.1 200 ") :]).json["userId"] == "a"


async def test_a_body_too_large_to_be_gathered_is_taken_too(service: Service) -> None:
    reply = await publish(service, BODY | {"payload": "x" * 100_000})
    assert reply.status == 202
