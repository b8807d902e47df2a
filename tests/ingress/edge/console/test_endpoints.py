"""What operators see and do over the console's own calls, and over those that it shares with REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.wire.json import encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.ingress.edge.console.operator import Operator
    from tests.ingress.harness import EventSource, Service


async def test_the_overview_has_everything_of_the_moment(operator: Operator) -> None:
    told = (await operator.call("GET", "/overview")).json
    assert (told["state"], told["durability"]) == ("ready", "memory")
    assert [node["here"] for node in told["nodes"]] == [True]
    assert {engine["name"] for engine in told["engines"]} >= {"broker", "records"}
    assert told["stats"]["counters"]["accepted"] == 0
    assert told["stats"]["queue"]["byPriority"] is not None


async def test_what_waits_is_listed_and_cancelled(operator: Operator, service: Service) -> None:
    key = await service.key()
    reply = await service.publish(key, "later", 1, delay=60_000)
    listed = (await operator.call("GET", "/queue")).json["notifications"]
    assert [(one["id"], one["channel"]) for one in listed] == [(reply.json["notificationId"], "later")]
    cancelled = await operator.call("DELETE", f"/notifications/{listed[0]['id']}")
    assert cancelled.json["notification"]["state"] == "cancelled"
    assert (await operator.call("GET", "/queue")).json["notifications"] == []
    shown = await operator.call("GET", f"/notifications/{listed[0]['id']}")
    assert [event["event"] for event in shown.json["notification"]["timeline"]] == ["accepted", "cancelled"]


async def test_the_queue_is_paused_resumed_and_cleared(operator: Operator, service: Service) -> None:
    assert (await operator.call("POST", "/queue/pause")).json["queue"]["paused"] is True
    await service.publish(await service.key(), "a", 1)
    assert (await operator.call("DELETE", "/queue")).json["cleared"] == 1
    assert (await operator.call("POST", "/queue/resume")).json["queue"]["paused"] is False


async def test_connections_are_listed_and_kicked(
    operator: Operator, service: Service, events: Callable[..., Awaitable[EventSource]]
) -> None:
    source = await events(service, "news", x_api_key=await service.key())
    assert (await source.next()).name == "subscribed"
    (row,) = (await operator.call("GET", "/connections?channel=news")).json["connections"]
    assert (row["transport"], row["channels"], row["subscriptionCount"]) == ("sse", ["news"], 1)
    assert (await operator.call("GET", "/connections?channel=other")).json["total"] == 0
    assert (await operator.call("GET", "/connections?slow=true")).json["total"] == 0
    done = (await operator.call("POST", "/connections/kick", {"ids": [row["id"], "x"], "reason": "go"})).json
    assert (done["kicked"], done["notFound"]) == ([row["id"]], ["x"])


async def test_a_kick_needs_a_reason_that_can_be_said(operator: Operator) -> None:
    for reason in ("x" * 124, "a\nb"):
        reply = await operator.call("POST", "/connections/kick", {"ids": ["x"], "reason": reason})
        assert (reply.status, reply.code) == (400, "invalid_request")
    assert (await operator.call("POST", "/connections/kick", {"ids": []})).status == 400


async def test_the_log_is_read_on_and_on(operator: Operator, service: Service) -> None:
    def note(event: str, level: int = 20) -> None:
        service.ring.append(level, encode({"event": event, "level": "info"}))

    note("one")
    first = (await operator.call("GET", "/logs")).json
    assert [row["record"]["event"] for row in first["records"]] == ["one"]
    note("two")
    note("three", 40)
    place = f"after={first['sequence']}&node={first['node']}"
    assert [row["record"]["event"] for row in (await operator.call("GET", f"/logs?{place}")).json["records"]] == [
        "two",
        "three",
    ]
    errors = (await operator.call("GET", f"/logs?{place}&level=error")).json
    assert [row["record"]["event"] for row in errors["records"]] == ["three"]
    assert errors["sequence"] == 3
    elsewhere = (await operator.call("GET", f"/logs?after={first['sequence']}&node=other&limit=1")).json
    assert [row["record"]["event"] for row in elsewhere["records"]] == ["three"]
    assert (await operator.call("GET", "/logs?level=loud")).status == 400


async def test_a_key_is_made_and_shown_once(operator: Operator, service: Service) -> None:
    made = await operator.call("POST", "/keys", {"clientName": "test client"})
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    assert (await service.call("GET", "/api/notifications/x", key=made.json["apiKey"])).status == 404
    seen = [(await operator.call("GET", path)).body.decode() for path in ("/overview", "/connections", "/clients")]
    assert all(made.json["apiKey"] not in text for text in seen)


async def test_a_token_is_made_for_a_user(operator: Operator) -> None:
    made = await operator.call("POST", "/tokens", {"clientId": "default", "userId": "alice"})
    assert made.status == 201
    assert made.json["token"].count(".") == 2


async def test_dead_letters_are_read_and_taken_away(operator: Operator) -> None:
    assert (await operator.call("GET", "/dead-letters?stage=inbox")).json == {
        "success": True,
        "deadLetters": [],
        "total": 0,
    }
    export = await operator.call("GET", "/dead-letters/export")
    assert (export.status, export.headers["content-type"]) == (200, "application/x-ndjson")
    assert (await operator.call("POST", "/dead-letters/nothing/retry")).code == "dead_letter_not_found"
    assert (await operator.call("DELETE", "/dead-letters?all=true")).json["dropped"] == 0


async def test_what_does_not_exist_says_so(operator: Operator) -> None:
    assert (await operator.call("GET", "/nothing")).status == 404
    assert (await operator.call("DELETE", "/overview")).status == 405
    with trio.fail_after(20):
        assert (await operator.call("GET", "/notifications/unknown")).code == "notification_not_found"
