"""POST /api/notifications, its broadcast and its batch, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from notifyd.errors import StoreUnavailable
from tests.ingress.harness import Service, head, parse_reply

PATH = "/api/notifications"
ORDER: dict[str, Any] = {"channel": "updates", "data": {"title": "New Message"}, "priority": 8}


async def test_the_documented_call_is_accepted(service: Service) -> None:
    reply = await service.call("POST", PATH, ORDER, key=await service.key())
    assert reply.status == 202
    assert reply.headers["content-type"] == "application/json"
    assert sorted(reply.json) == ["durability", "notificationId", "status", "success"]
    assert (reply.json["success"], reply.json["status"], reply.json["durability"]) == (True, "accepted", "memory")


async def test_what_was_published_is_delivered_as_it_was(service: Service) -> None:
    key = await service.key()
    data = {"deep": [1, 2.5, None, {"ü": "\u2028"}]}
    reply = await service.publish(key, "updates", data, metadata={"a": 1}, priority=3, unknown="ignored")
    await service.dispatched(key, reply.json["notificationId"])
    (publication,) = (await service.call("GET", "/api/channels/updates/history", key=key)).json["publications"]
    assert publication["id"] == reply.json["notificationId"]
    assert (publication["data"], publication["metadata"], publication["priority"]) == (data, {"a": 1}, 3)


@pytest.mark.parametrize("data", [None, False, 0, "", [], {}])
async def test_data_may_be_any_json_value(service: Service, data: Any) -> None:
    await service.publish(await service.key(), "updates", data)


async def test_null_stands_for_absent(service: Service) -> None:
    nothing = dict.fromkeys(("priority", "metadata", "ttl", "expiresAt", "delay", "deliverAt"))
    await service.publish(await service.key(), "updates", 1, **nothing)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"data": 1}, "`channel`"),
        ({"channel": "c"}, "`data`"),
        ({"channel": "", "data": 1}, "channel"),
        ({"channel": "c" * 201, "data": 1}, "channel"),
        ({"channel": "a\nb", "data": 1}, "channel"),
        ({"channel": 7, "data": 1}, "$.channel"),
        ({"channel": "c", "data": 1, "priority": 11}, "$.priority"),
        ({"channel": "c", "data": 1, "priority": 0}, "$.priority"),
        ({"channel": "c", "data": 1, "priority": "high"}, "$.priority"),
        ({"channel": "c", "data": 1, "metadata": [1]}, "metadata"),
        ({"channel": "c", "data": 1, "ttl": 0}, "$.ttl"),
        ({"channel": "c", "data": 1, "ttl": 10**30}, "$.ttl"),
        ({"channel": "c", "data": 1, "delay": -1}, "$.delay"),
        ({"channel": "c", "data": 1, "delay": 31 * 86_400_000}, "scheduled too far"),
        ({"channel": "c", "data": 1, "expiresAt": "2026-01-01T00:00:00"}, "$.expiresAt"),
        ({"channel": "c", "data": 1, "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"channel": "c", "data": 1, "deliverAt": "tomorrow"}, "$.deliverAt"),
        ({"channel": "c", "data": 1, "ttl": 5, "expiresAt": "2100-01-01T00:00:00Z"}, "ttl"),
        ([], "object"),
    ],
)
async def test_a_wrong_field_is_named(service: Service, body: Any, named: str) -> None:
    reply = await service.call("POST", PATH, body, key=await service.key())
    assert reply.status == 400
    assert reply.code in ("invalid_request", "invalid_channel")
    assert named in reply.json["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"channel":"c","data":{"x":"\xff"}}',
        b'{"channel":"c","data":1,"x":"\xc0\x80"}',
        b'{"channel":"c","data":"\\ud800"}',
        b'{"channel":"c","data":01}',
        b'{"channel":"c","data":NaN}',
        b'{"channel":"c","data":1} {}',
        b'{"channel":"c","data":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"channel":"c","data":1,"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
)
async def test_what_is_no_json_in_utf8_is_refused(service: Service, body: bytes) -> None:
    reply = await service.call("POST", PATH, body=body, key=await service.key())
    assert (reply.status, reply.code) == (400, "invalid_json")


async def test_too_deep_data_is_refused(service: Service) -> None:
    body = b'{"channel":"c","data":' + b"[" * 65 + b"]" * 65 + b"}"
    reply = await service.call("POST", PATH, body=body, key=await service.key())
    assert (reply.status, reply.code) == (400, "too_deep")


async def test_too_large_data_is_refused(service: Service) -> None:
    reply = await service.call("POST", PATH, {"channel": "c", "data": "x" * 262_145}, key=await service.key())
    assert (reply.status, reply.code) == (413, "too_large")


async def test_a_body_over_the_limit_is_refused(service: Service) -> None:
    reply = await service.call("POST", PATH, {"channel": "c", "data": "x" * 300_001}, key=await service.key())
    assert (reply.status, reply.code) == (413, "too_large")


async def test_a_body_too_large_to_be_gathered_takes_the_other_way_to_the_same_answer(service: Service) -> None:
    key = await service.key()
    reply = await service.publish(key, "updates", "x" * 100_000)
    receipt = await service.dispatched(key, reply.json["notificationId"])
    assert receipt["state"] == "dispatched"
    assert reply.headers["ratelimit-remaining"] == "59"


@pytest.mark.parametrize("declared", ["application/x-www-form-urlencoded", "text/plain", "", "application/jsonx"])
async def test_a_body_that_is_not_declared_as_json_is_refused(service: Service, declared: str) -> None:
    reply = await service.call(
        "POST", PATH, body=b'{"channel":"c","data":1}', key=await service.key(), headers={"Content-Type": declared}
    )
    assert (reply.status, reply.code) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in reply.json["error"]["message"]


@pytest.mark.parametrize("declared", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/ld+json"])
async def test_json_may_be_declared_in_many_ways(service: Service, declared: str) -> None:
    reply = await service.call(
        "POST", PATH, body=b'{"channel":"c","data":1}', key=await service.key(), headers={"Content-Type": declared}
    )
    assert reply.status == 202


async def test_an_undeclared_body_is_read_as_json(service: Service) -> None:
    reply = await service.call("POST", PATH, body=b'{"channel":"c","data":1}', key=await service.key())
    assert reply.status == 202


@pytest.mark.parametrize("path", [PATH, f"{PATH}/broadcast", f"{PATH}/batch"])
async def test_a_key_is_needed(service: Service, path: str) -> None:
    reply = await service.call("POST", path, ORDER)
    assert (reply.status, reply.code) == (401, "missing_api_key")
    assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_an_unknown_key_is_refused(service: Service) -> None:
    reply = await service.call("POST", PATH, ORDER, key="wrong")
    assert (reply.status, reply.code) == (401, "invalid_api_key")
    assert service.services.counters.authentication_failures == 1


async def test_the_admin_token_does_not_publish(service: Service) -> None:
    assert (await service.call("POST", PATH, ORDER, admin=True)).code == "invalid_api_key"


async def test_the_key_may_come_as_a_bearer_token(service: Service) -> None:
    reply = await service.call("POST", PATH, ORDER, headers={"Authorization": f"bearer {await service.key()}"})
    assert reply.status == 202


async def test_a_missing_scope_is_named(service: Service) -> None:
    reply = await service.call("POST", PATH, ORDER, key=await service.key("publish:orders.*"))
    assert (reply.status, reply.code) == (403, "scope_missing")
    assert "publish:updates" in reply.json["error"]["message"]


async def test_a_key_holds_at_its_networks_only(service: Service) -> None:
    reply = await service.call("POST", PATH, ORDER, key=await service.key(allowed_cidrs=["10.0.0.0/8"]))
    assert (reply.status, reply.code) == (403, "address_not_allowed")


async def test_an_idempotency_key_replays_the_receipt(service: Service) -> None:
    key = await service.key()
    first = await service.call("POST", PATH, ORDER, key=key, headers={"Idempotency-Key": "order-7"})
    again = await service.call("POST", PATH, ORDER, key=key, headers={"Idempotency-Key": "order-7"})
    assert "idempotency-replayed" not in first.headers
    assert (again.status, again.json) == (202, first.json)
    assert again.headers["idempotency-replayed"] == "true"


async def test_an_idempotency_key_with_another_body_is_refused(service: Service) -> None:
    key = await service.key()
    await service.call("POST", PATH, ORDER, key=key, headers={"Idempotency-Key": "order-7"})
    reply = await service.call("POST", PATH, ORDER | {"data": 2}, key=key, headers={"Idempotency-Key": "order-7"})
    assert (reply.status, reply.code) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("sent", ["", "x" * 256, "\u00e9"])
async def test_a_bad_idempotency_key_is_refused(service: Service, sent: str) -> None:
    reply = await service.call("POST", PATH, ORDER, key=await service.key(), headers={"Idempotency-Key": sent})
    assert (reply.status, reply.code) == (400, "invalid_idempotency_key")


async def test_rate_limit_headers_count_down(service: Service) -> None:
    key = await service.key()
    replies = [await service.call("POST", PATH, ORDER, key=key) for _ in range(2)]
    assert [reply.headers["ratelimit-remaining"] for reply in replies] == ["59", "58"]
    assert {reply.headers["ratelimit-limit"] for reply in replies} == {"60"}
    assert 1 <= int(replies[1].headers["ratelimit-reset"]) <= 2


async def test_over_the_rate_limit_is_429(service: Service) -> None:
    service.services.limiter.configure(enabled=True, per_minute=1, burst=1)
    key = await service.key()
    await service.publish(key, "updates", 1)
    reply = await service.call("POST", PATH, ORDER, key=key)
    assert (reply.status, reply.code) == (429, "rate_limited")
    assert 55 <= int(reply.headers["retry-after"]) <= 60
    assert reply.headers["ratelimit-remaining"] == "0"


async def test_without_limits_there_are_no_rate_limit_headers(service: Service) -> None:
    service.services.limiter.configure(enabled=False, per_minute=1, burst=1)
    reply = await service.publish(await service.key(), "updates", 1)
    assert not [name for name in reply.headers if name.startswith("ratelimit")]


async def test_a_full_queue_is_429(service: Service) -> None:
    await service.services.queue.pause()
    key = await service.key()
    for number in range(50):
        await service.publish(key, "updates", number)
    reply = await service.call("POST", PATH, ORDER, key=key)
    assert (reply.status, reply.code) == (429, "queue_full")
    assert int(reply.headers["retry-after"]) >= 1


async def test_while_draining_nothing_is_taken(service: Service) -> None:
    service.services.publisher.draining = True
    reply = await service.call("POST", PATH, ORDER, key=await service.key())
    assert (reply.status, reply.code) == (503, "draining")
    assert reply.headers["retry-after"] == "5"


async def test_what_could_not_be_kept_is_503(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lost:
        async def result(self) -> None:
            raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(service.broker.queue, "enqueue", lambda *_, **__: [Lost()])
    reply = await service.call("POST", PATH, ORDER, key=await service.key())
    assert (reply.status, reply.code) == (503, "store_unavailable")
    assert "retry-after" in reply.headers


@pytest.mark.parametrize("late", [False, True])
async def test_a_fault_of_ours_tells_no_details(service: Service, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    class Broken:
        async def result(self) -> None:
            raise ZeroDivisionError("secret detail")

    def enqueue(*_: object, **__: object) -> list[Broken]:
        if not late:
            raise ZeroDivisionError("secret detail")
        return [Broken()]

    monkeypatch.setattr(service.broker.queue, "enqueue", enqueue)
    reply = await service.call("POST", PATH, ORDER, key=await service.key(), headers={"X-Request-Id": "mine-1"})
    assert (reply.status, reply.code, reply.headers["x-request-id"]) == (500, "internal", "mine-1")
    assert b"detail" not in reply.body
    assert service.services.counters.errors == 1


async def test_a_broadcast_needs_no_channel(service: Service) -> None:
    key = await service.key()
    for body in ({"data": 1}, {"channel": "all", "data": 1, "priority": 7}, {"channel": None, "data": 1}):
        assert (await service.call("POST", f"{PATH}/broadcast", body, key=key)).status == 202


async def test_a_broadcast_needs_the_scope(service: Service) -> None:
    reply = await service.call("POST", f"{PATH}/broadcast", ORDER, key=await service.key("publish:*"))
    assert (reply.status, reply.code) == (403, "scope_missing")


async def test_a_batch_is_accepted_in_order(service: Service) -> None:
    key = await service.key()
    batch = {"notifications": [{"channel": "updates", "data": number} for number in range(3)]}
    reply = await service.call("POST", f"{PATH}/batch", batch, key=key)
    assert reply.status == 202
    assert (reply.json["success"], reply.json["status"], reply.json["durability"]) == (True, "accepted", "memory")
    for notification_id in reply.json["notificationIds"]:
        await service.dispatched(key, notification_id)
    history = (await service.call("GET", "/api/channels/updates/history", key=key)).json
    assert [entry["id"] for entry in history["publications"]] == reply.json["notificationIds"]


@pytest.mark.parametrize(
    ("entry", "status", "named"),
    [
        ({"channel": "c"}, 400, "notifications[1]"),
        ({"channel": "c", "data": 1, "priority": 11}, 400, "notifications[1]"),
        ({"channel": "", "data": 1}, 400, "notifications[1]"),
        ({"channel": "denied", "data": 1}, 403, "notifications[1]"),
    ],
)
async def test_a_batch_is_taken_whole_or_not_at_all(
    service: Service, entry: dict[str, Any], status: int, named: str
) -> None:
    await service.services.queue.pause()
    batch = {"notifications": [{"channel": "c", "data": 1}, entry]}
    reply = await service.call(
        "POST", f"{PATH}/batch", batch, key=await service.key("publish:c" if status == 403 else "publish:*")
    )
    assert reply.status == status
    if status == 403 or "data" in entry:
        assert named.rstrip("]") in reply.json["error"]["message"]
    assert service.services.queue.stats().waiting == 0


@pytest.mark.parametrize("count", [0, 6])
async def test_a_batch_has_bounds(service: Service, count: int) -> None:
    batch = {"notifications": [{"channel": "c", "data": 1}] * count}
    reply = await service.call("POST", f"{PATH}/batch", batch, key=await service.key())
    assert reply.status == 400
    assert "1 to 5" in reply.json["error"]["message"]


async def test_a_batch_takes_no_idempotency_key(service: Service) -> None:
    batch = {"notifications": [{"channel": "c", "data": 1}]}
    reply = await service.call(
        "POST", f"{PATH}/batch", batch, key=await service.key(), headers={"Idempotency-Key": "a"}
    )
    assert (reply.status, reply.code) == (400, "invalid_idempotency_key")


async def test_pipelined_publishes_are_answered_in_order(service: Service) -> None:
    key = await service.key()
    body = b'{"channel":"c","data":1}'
    request = {"Host": "localhost", "X-API-Key": key, "Content-Length": str(len(body))}
    one = [head("POST", PATH, request | {"X-Request-Id": f"r{number}"}) + body for number in range(3)]
    last = head("GET", "/api/health", {"Host": "localhost", "X-Request-Id": "r3", "Connection": "close"})
    async with await service.connect() as stream:
        await stream.send_all(b"".join(one) + last)
        raw = b"".join([chunk async for chunk in stream])
    ids = [parse_reply(b"HTTP/1.1" + part, "HEAD").headers["x-request-id"] for part in raw.split(b"HTTP/1.1")[1:]]
    assert ids == ["r0", "r1", "r2", "r3"]


@pytest.mark.parametrize("sent", ["a b", "x" * 129, 'q"uote', ""])
async def test_a_request_id_that_is_not_sane_is_replaced(service: Service, sent: str) -> None:
    reply = await service.call("POST", PATH, ORDER, headers={"X-Request-Id": sent})
    assert reply.headers["x-request-id"] != sent
    assert len(reply.json["error"]["requestId"]) == 24


async def test_a_scheduled_one_waits(service: Service) -> None:
    key = await service.key()
    reply = await service.publish(key, "updates", 1, delay=60_000)
    receipt = (await service.call("GET", f"{PATH}/{reply.json['notificationId']}", key=key)).json["notification"]
    assert receipt["state"] == "waiting"
    assert receipt["dueAt"] > receipt["acceptedAt"]
    await trio.lowlevel.checkpoint()


async def test_instants_may_have_any_offset(service: Service) -> None:
    key = await service.key()
    reply = await service.publish(key, "updates", 1, expiresAt="2100-01-01T02:00:00+02:00")
    receipt = (await service.call("GET", f"{PATH}/{reply.json['notificationId']}", key=key)).json["notification"]
    assert receipt["expiresAt"] == "2100-01-01T00:00:00.000Z"
