"""Dead letters over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from notifyd.clock import iso_ms, now_ms
from notifyd.model.dead_letter import DeadLetter, Stage
from notifyd.model.ids import DeadLetterId
from notifyd.model.notification import Kind, State
from notifyd.store.ports import Outcome
from notifyd.wire.rest.delivery_bodies import DeadLetterAnswer, DeadLettersAnswer
from tests.store.samples import HOUR, notification

if TYPE_CHECKING:
    from tests.ingress.harness import Reply, Service

PATH = "/api/dead-letters"


async def kept(service: Service, count: int = 1, *, ttl: int = HOUR, **changes: Any) -> list[str]:
    """The ids of dead letters of webhooks, the oldest first."""
    now = now_ms()
    details = {"reason": "refused", "error": "it said 500", "attempts": 3, "died_at": now} | changes
    made = [
        DeadLetter(DeadLetterId(f"letter-{number:04}-{ttl}"), Stage.WEBHOOK, of, **details)
        for number in range(count)
        for of in [notification("hook", kind=Kind.WEBHOOK, at=now, ttl=ttl, data=b'{"n":"\xc3\xa9"}')]
    ]
    await service.broker.dead_letters.add(made, now=now).wait()
    return [letter.id for letter in made]


async def call(service: Service, method: str, path: str = "", json: Any = None) -> Reply:
    return await service.call(method, PATH + path, json, admin=True)


def ids_of(reply: Reply) -> list[str]:
    return [letter["id"] for letter in reply.json["deadLetters"]]


async def test_the_newest_come_first_and_all_are_counted(service: Service) -> None:
    ids = await kept(service, 5)
    reply = await call(service, "GET", "?limit=2")
    assert (ids_of(reply), reply.json["total"]) == (ids[:2:-1], 5)
    (letter, _) = msgspec.json.decode(reply.body, type=DeadLettersAnswer).dead_letters
    assert (letter.stage, letter.channel, letter.reason, letter.user_id) == ("webhook", "hook", "refused", None)
    assert "data" not in reply.json["deadLetters"][0]
    assert ids_of(await call(service, "GET", f"?after={ids[3]}")) == ids[2::-1]


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("stage=webhook&channel=hook&reason=refused&clientId=default", True),
        ("stage=inbox", False),
        ("clientId=other", False),
        ("userId=alice", False),
        ("notificationId=nothing", False),
        ("since=2026-01-30T12:00:00Z", True),
        ("until=2020-01-30T12:00:00%2B01:00", False),
    ],
)
async def test_a_filter_narrows(service: Service, query: str, fits: bool) -> None:
    await kept(service)
    assert (await call(service, "GET", f"?{query}")).json["total"] == fits


@pytest.mark.parametrize("query", ["stage=hook", "since=yesterday", "until=2026-01-30T12:00:00", "limit=0"])
async def test_what_is_no_filter_is_refused(service: Service, query: str) -> None:
    assert (await call(service, "GET", f"?{query}")).status == 400


async def test_one_is_shown_with_what_it_carries_and_what_happened(service: Service) -> None:
    key = await service.key()
    published = await service.publish(key, "updates", {"a": 1}, metadata={"m": 1}, delay=60_000)
    identifier = published.json["notificationId"]
    (lease,) = await service.broker.queue.lease(limit=1, lease_seconds=30, now=now_ms() + 120_000)
    await service.broker.queue.settle([Outcome(lease, State.DEAD, reason="fault", error="it broke")], now=now_ms())
    reply = await call(service, "GET", f"/{identifier}")
    shown = msgspec.json.decode(reply.body, type=DeadLetterAnswer).dead_letter
    assert (bytes(shown.data), bytes(shown.metadata)) == (b'{"a":1}', b'{"m":1}')
    assert (shown.stage, shown.error, shown.position) == ("dispatch", "it broke", None)
    assert isinstance(shown.timeline, list)
    assert [event.event for event in shown.timeline] == ["accepted", "dead"]
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/retry")])
async def test_what_is_not_there_is_not_found(service: Service, method: str, path: str) -> None:
    reply = await call(service, method, f"/nothing{path}")
    assert (reply.status, reply.code) == (404, "dead_letter_not_found")


async def test_one_is_put_back(service: Service) -> None:
    (identifier,) = await kept(service)
    reply = await call(service, "POST", f"/{identifier}/retry")
    assert (reply.status, bool(reply.json["notificationId"])) == (200, True)
    assert (await call(service, "GET")).json["total"] == 0


async def test_what_has_expired_needs_a_new_life(service: Service) -> None:
    (identifier,) = await kept(service, ttl=-1)
    reply = await call(service, "POST", f"/{identifier}/retry")
    assert (reply.status, reply.code) == (409, "expired")
    assert (await call(service, "POST", f"/{identifier}/retry", {"ttl": 60_000})).status == 200


async def test_many_are_put_back_each_by_itself(service: Service) -> None:
    (good,), (expired,) = await kept(service), await kept(service, ttl=-1)
    reply = await call(service, "POST", "/retry", {"ids": [good, expired, "no"]})
    assert (reply.status, reply.json["retried"]) == (200, 1)
    results = {result["id"]: result for result in reply.json["results"]}
    assert results[good]["notificationId"]
    assert [results[each]["error"] and results[each]["error"]["code"] for each in (good, expired, "no")] == [
        None,
        "expired",
        "dead_letter_not_found",
    ]
    fits = {"channel": "hook", "stage": "webhook", "since": iso_ms(1)}
    assert (await call(service, "POST", "/retry", {"filter": fits, "ttl": 1000})).json["retried"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"ids": ["a"], "filter": {}}, {"filter": {"chanel": "x"}}, {"ids": "a"}, {"filter": {}, "ttl": 0}]
)
async def test_a_retry_says_which_ones(service: Service, body: Any) -> None:
    await kept(service)
    assert (await call(service, "POST", "/retry", body)).status == 400
    assert (await call(service, "GET")).json["total"] == 1


async def test_they_are_dropped(service: Service) -> None:
    first, *rest = await kept(service, 4)
    assert (await call(service, "DELETE", f"/{first}")).json["success"] is True
    assert (await call(service, "DELETE", "?channel=other")).json["dropped"] == 0
    assert (await call(service, "DELETE", "?all=true")).json["dropped"] == len(rest)


@pytest.mark.parametrize("query", ["", "?chanel=hook", "?all=true&channel=hook", "?all=maybe"])
async def test_nothing_is_dropped_by_mistake(service: Service, query: str) -> None:
    await kept(service)
    assert (await call(service, "DELETE", query)).status == 400
    assert (await call(service, "GET")).json["total"] == 1


async def test_an_export_is_one_whole_letter_a_line(service: Service) -> None:
    ids = await kept(service, 120)
    async with await service.connect() as stream:
        token = "the-admin-token-of-the-tests"
        await stream.send_all(
            f"GET {PATH}/export HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\n\r\n".encode()
        )
        raw = b"".join([chunk async for chunk in stream])
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"application/x-ndjson" in head
    assert b"transfer-encoding: chunked" in head.lower()
    lines = [line for line in body.split(b"\r\n") if line.startswith(b"{")]
    letters = [msgspec.json.decode(line) for line in b"".join(lines).splitlines()]
    assert [letter["id"] for letter in letters] == ids
    assert letters[0]["data"] == {"n": "é"}
    assert (letters[0]["metadata"], "timeline" in letters[0]) == (None, False)


async def test_head_of_an_export_has_no_body(service: Service) -> None:
    await kept(service)
    reply = await call(service, "HEAD", "/export")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"", "application/x-ndjson")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/export"), ("GET", "/a"), ("DELETE", "?all=true"), ("POST", "/retry")]
)
async def test_operators_alone_see_them(service: Service, method: str, path: str) -> None:
    key = await service.key()
    assert (await service.call(method, PATH + path, key=key)).code == "admin_token_required"
