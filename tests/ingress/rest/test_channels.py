"""GET /api/channels/{channel}/history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from notifyd.ingress.edge.rest import rows
from notifyd.wire.rest.bodies import HistoryAnswer

if TYPE_CHECKING:
    from tests.ingress.harness import Service

PATH = "/api/channels/updates/history"


async def filled(service: Service, count: int = 5, channel: str = "updates", data: Any = None) -> str:
    key = await service.key()
    for number in range(count):
        published = await service.publish(key, channel, data or number)
        await service.dispatched(key, published.json["notificationId"])
    service.services.limiter.configure(enabled=True, per_minute=60, burst=60)
    return key


def offsets(body: Any) -> list[int]:
    return [entry["offset"] for entry in body["publications"]]


async def test_the_answer_has_the_documented_shape(service: Service) -> None:
    key = await filled(service, 2)
    reply = await service.call("GET", PATH, key=key)
    answer = msgspec.json.decode(reply.body, type=HistoryAnswer)
    assert tuple(reply.json) == HistoryAnswer.__struct_encode_fields__
    assert (answer.channel, answer.position.offset, answer.more, answer.recovered) == ("updates", 2, False, None)
    assert [publication.offset for publication in answer.publications] == [1, 2]


async def test_the_newest_come_in_the_order_of_their_offsets(service: Service) -> None:
    key = await filled(service)
    body = (await service.call("GET", f"{PATH}?limit=2", key=key)).json
    assert (offsets(body), body["more"], body["position"]["offset"]) == ([4, 5], True, 5)


async def test_since_pages_forward(service: Service) -> None:
    key = await filled(service)
    epoch = (await service.call("GET", PATH, key=key)).json["position"]["epoch"]
    first = (await service.call("GET", f"{PATH}?limit=3&since={epoch}:1", key=key)).json
    rest = (await service.call("GET", f"{PATH}?limit=3&since={epoch}:4", key=key)).json
    assert (offsets(first), first["more"], first["recovered"]) == ([2, 3, 4], True, True)
    assert (offsets(rest), rest["more"]) == ([5], False)


async def test_another_epoch_is_not_continued(service: Service) -> None:
    key = await filled(service, 1)
    body = (await service.call("GET", f"{PATH}?since=other:0", key=key)).json
    assert (body["publications"], body["recovered"]) == ([], False)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=many", "limit=-1", "since=5", "since=e:x"])
async def test_a_wrong_query_is_refused(service: Service, query: str) -> None:
    reply = await service.call("GET", f"{PATH}?{query}", key=await service.key())
    assert reply.status == 400
    assert query.partition("=")[0] in reply.json["error"]["message"]


@pytest.mark.parametrize("written", ["a%2Fb%20c", "a/b%20c"])
async def test_a_channel_may_hold_anything_printable(service: Service, written: str) -> None:
    key = await filled(service, 1, "a/b c")
    body = (await service.call("GET", f"/api/channels/{written}/history", key=key)).json
    assert (body["channel"], offsets(body)) == ("a/b c", [1])


@pytest.mark.parametrize("written", ["a%1Fb", "", "%00", "x" * 201])
async def test_what_cannot_name_a_channel_is_refused(service: Service, written: str) -> None:
    reply = await service.call("GET", f"/api/channels/{written}/history", key=await service.key())
    assert (reply.status, reply.code) == (400, "invalid_channel")


async def test_a_path_that_is_no_utf8_is_refused(service: Service) -> None:
    reply = await service.call("GET", "/api/channels/%ff/history", key=await service.key())
    assert reply.status == 400
    assert "UTF-8" in reply.json["error"]["message"]


async def test_the_replacement_character_may_stand_in_a_name(service: Service) -> None:
    reply = await service.call("GET", "/api/channels/%EF%BF%BD/history", key=await service.key())
    assert (reply.status, reply.json["channel"]) == (200, "\ufffd")


async def test_the_scope_to_subscribe_is_needed(service: Service) -> None:
    reply = await service.call("GET", PATH, key=await service.key("publish:*"))
    assert (reply.status, reply.code) == (403, "scope_missing")


async def test_an_operator_reads_the_channels_of_any_client(service: Service) -> None:
    await filled(service, 1)
    assert offsets((await service.call("GET", PATH, admin=True)).json) == [1]
    assert offsets((await service.call("GET", f"{PATH}?clientId=other", admin=True)).json) == []


async def test_an_answer_has_a_bound_in_bytes(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ANSWER_BYTES", 2500)
    key = await filled(service, 4, data="x" * 1000)
    newest = (await service.call("GET", PATH, key=key)).json
    oldest = (await service.call("GET", f"{PATH}?since={newest['position']['epoch']}:0", key=key)).json
    assert (offsets(newest), newest["more"]) == ([3, 4], True)
    assert (offsets(oldest), oldest["more"]) == ([1, 2], True)


async def test_one_publication_is_always_answered(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_ANSWER_BYTES", 1)
    assert offsets((await service.call("GET", PATH, key=await filled(service, 2))).json) == [2]
