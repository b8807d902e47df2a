"""GET /api/channels/{channel}/events: Server-Sent Events over real sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.ingress.edge.http.request import Peer, Request
from notifyd.model.disconnect import CREDENTIAL_ENDED, DRAINED, KICKED
from notifyd.model.ids import KeyId
from notifyd.service.receiving.connections import ConnectionQuery, Connections
from tests.ingress.harness import head

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import EventSource, Service

Events = Callable[..., Awaitable["EventSource"]]


async def publish(service: Service, key: str, *data: Any, channel: str = "updates") -> None:
    for value in data:
        published = await service.publish(key, channel, value)
        await service.dispatched(key, published.json["notificationId"])


async def until_empty(service: Service) -> None:
    while service.hub.connection_count:
        await trio.lowlevel.checkpoint()


async def test_a_stream_begins_with_its_position(service: Service, events: Events) -> None:
    source = await events(service, "updates", X_API_Key=await service.key())
    headers = source.reply.headers
    assert (source.reply.status, headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
    assert headers["ratelimit-remaining"] == "59"
    event = await source.next()
    assert (event.name, event.json["recovered"], event.json["position"]["offset"]) == ("subscribed", None, 0)
    assert event.id == f"{event.json['position']['epoch']}:0"


async def test_what_is_published_arrives_live(service: Service, events: Events) -> None:
    key = await service.key()
    source = await events(service, "updates", X_API_Key=key)
    epoch = (await source.next()).json["position"]["epoch"]
    await publish(service, key, {"title": "line\nbreak"})
    event = await source.next()
    assert (event.name, event.id) == ("notification", f"{epoch}:1")
    assert event.json["data"] == {"title": "line\nbreak"}
    assert (event.json["channel"], event.json["offset"]) == ("updates", 1)


@pytest.mark.parametrize("way", ["header", "bearer", "query"])
async def test_the_key_may_come_in_three_ways(service: Service, events: Events, way: str) -> None:
    key = await service.key()
    query = f"?apiKey={key}" if way == "query" else ""
    headers = {"header": {"X_API_Key": key}, "bearer": {"Authorization": f"Bearer {key}"}, "query": {}}[way]
    assert (await events(service, "updates", query, **headers)).reply.status == 200


async def test_an_operator_may_listen_to_any_client(service: Service, events: Events) -> None:
    headers = {"Authorization": "Bearer the-admin-token-of-the-tests"}
    source = await events(service, "updates", "?clientId=default", **headers)
    await source.next()
    await publish(service, await service.key(), 1)
    assert (await source.next()).json["data"] == 1


@pytest.mark.parametrize("way", ["header", "query"])
async def test_a_stream_resumes_after_the_last_event(service: Service, events: Events, way: str) -> None:
    key = await service.key()
    await publish(service, key, "a", "b", "c")
    position = (await service.call("GET", "/api/channels/updates/history", key=key)).json["position"]
    last = f"{position['epoch']}:1"
    query, headers = ("", {"Last_Event_ID": last}) if way == "header" else (f"?lastEventId={last}", {})
    source = await events(service, "updates", query, X_API_Key=key, **headers)
    subscribed = await source.next()
    # Whoever loses the link now must come back for the replay: the id is where it starts.
    assert (subscribed.json["position"], subscribed.json["recovered"], subscribed.id) == (position, True, last)
    await publish(service, key, "d")
    assert [(await source.next()).json["data"] for _ in range(3)] == ["b", "c", "d"]


async def test_a_stream_that_missed_nothing_goes_on(service: Service, events: Events) -> None:
    key = await service.key()
    await publish(service, key, "a")
    position = (await service.call("GET", "/api/channels/updates/history", key=key)).json["position"]
    source = await events(service, "updates", X_API_Key=key, Last_Event_ID=f"{position['epoch']}:1")
    (connection,) = service.hub.connections()
    assert (await source.next()).json == {"connectionId": connection.id, "position": position, "recovered": True}
    await publish(service, key, "b")
    assert (await source.next()).json["data"] == "b"


async def test_another_epoch_starts_anew(service: Service, events: Events) -> None:
    key = await service.key()
    await publish(service, key, "a")
    source = await events(service, "updates", X_API_Key=key, Last_Event_ID="another:1")
    event = await source.next()
    assert (event.json["recovered"], event.json["position"]["offset"]) == (False, 1)
    await publish(service, key, "b")
    assert (await source.next()).json["data"] == "b"


async def test_an_empty_last_event_id_is_none(service: Service, events: Events) -> None:
    source = await events(service, "updates", X_API_Key=await service.key(), Last_Event_ID="")
    assert (await source.next()).json["recovered"] is None


async def test_a_big_replay_comes_whole_and_in_order(service: Service, events: Events) -> None:
    key = await service.key()
    service.services.limiter.configure(enabled=False, per_minute=1, burst=1)
    for number in range(45):
        await publish(service, key, [number, "x" * 20_000])
    epoch = (await service.call("GET", "/api/channels/updates/history?limit=1", key=key)).json["position"]["epoch"]
    source = await events(service, "updates", X_API_Key=key, Last_Event_ID=f"{epoch}:0")
    await publish(service, key, [45, ""])
    assert (await source.next()).json["recovered"] is True
    assert [(await source.next()).json["data"][0] for _ in range(46)] == list(range(46))


@pytest.fixture
async def behind(service: Service) -> tuple[str, str]:
    """A key, and a position that much more has happened since than a socket takes at once."""
    key = await service.key()
    service.services.limiter.configure(enabled=False, per_minute=1, burst=1)
    for number in range(40):
        await publish(service, key, [number, "x" * 250_000])
    position = (await service.call("GET", "/api/channels/updates/history?limit=1", key=key)).json["position"]
    return key, f"{position['epoch']}:0"


async def test_who_leaves_in_the_middle_of_a_replay_is_forgotten(service: Service, behind: tuple[str, str]) -> None:
    key, last = behind
    async with await service.connect() as stream:
        path = f"/api/channels/updates/events?apiKey={key}&lastEventId={last}"
        await stream.send_all(head("GET", path, {"Host": "localhost"}))
        await stream.receive_some()
        assert (service.hub.connection_count, service.hub.subscription_count) == (1, 0)
    await until_empty(service)
    assert service.hub.subscription_count == 0


async def test_who_is_ended_in_the_middle_of_a_replay_goes_at_once(
    service: Service, events: Events, behind: tuple[str, str]
) -> None:
    key, last = behind
    await events(service, "updates", X_API_Key=key, Last_Event_ID=last)
    await service.services.keys.revoke(key)
    with trio.fail_after(20):
        await until_empty(service)
    assert service.hub.subscription_count == 0


async def test_a_broadcast_reaches_streams(service: Service, events: Events) -> None:
    key = await service.key()
    source = await events(service, "updates", X_API_Key=key)
    await source.next()
    await service.call("POST", "/api/notifications/broadcast", {"channel": "all", "data": 1}, key=key)
    event = await source.next()
    assert (event.name, event.id, event.json["channel"]) == ("notification", None, "all")


@pytest.mark.parametrize(
    ("channel", "headers", "status", "code"),
    [
        ("updates", {}, 401, "missing_api_key"),
        ("updates", {"X_API_Key": "wrong"}, 401, "invalid_api_key"),
        ("other", {"X_API_Key": None}, 403, "scope_missing"),
        ("a%1Fb", {"X_API_Key": None}, 400, "invalid_channel"),
        ("%ff", {"X_API_Key": None}, 400, "invalid_request"),
        ("updates", {"X_API_Key": None, "Last_Event_ID": "nonsense"}, 400, "invalid_position"),
    ],
)
async def test_a_refusal_is_an_ordinary_answer(
    service: Service, events: Events, channel: str, headers: dict[str, Any], status: int, code: str
) -> None:
    key = await service.key("subscribe:updates")
    sent = {name: key if value is None else value for name, value in headers.items()}
    source = await events(service, channel, **sent)
    body = await source.rest()
    assert (source.reply.status, source.reply.headers["content-type"]) == (status, "application/json")
    assert f'"code":"{code}"'.encode() in body
    assert service.hub.connection_count == 0


async def test_a_key_has_a_bound_of_connections(service: Service, events: Events) -> None:
    key = await service.key()
    for _ in range(3):
        await (await events(service, "updates", X_API_Key=key)).next()
    fourth = await events(service, "updates", X_API_Key=key)
    assert (fourth.reply.status, b"too_many_connections" in await fourth.rest()) == (429, True)
    assert service.hub.connection_count == 3


async def test_while_draining_nobody_is_let_in(service: Service, events: Events) -> None:
    service.services.connector.draining = True
    source = await events(service, "updates", X_API_Key=await service.key())
    assert (source.reply.status, source.reply.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("why", [DRAINED, KICKED, CREDENTIAL_ENDED])
async def test_a_stream_that_is_ended_says_why(service: Service, events: Events, why: Any) -> None:
    source = await events(service, "updates", X_API_Key=await service.key())
    await source.next()
    for connection in service.hub.connections():
        connection.end(why)
    rest = await source.rest()
    assert rest.startswith(b"retry: 2000\nevent: ending\n")
    assert why.reason.encode() in rest
    await until_empty(service)


async def test_a_revoked_key_ends_its_streams(service: Service, events: Events) -> None:
    key = await service.key()
    source = await events(service, "updates", X_API_Key=key)
    await source.next()
    await service.services.keys.revoke(key)
    assert CREDENTIAL_ENDED.reason.encode() in await source.rest()


class Begun:
    """A stream that keeps what it begins with."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.outbox = self

    def start(self, status: int, content_type: bytes, headers: Any = ()) -> None:
        self.status = status

    def put(self, data: bytes) -> bool:
        self.body += data
        return True


async def test_a_key_that_is_revoked_between_its_check_and_the_start_does_not_get_in(service: Service) -> None:
    key = await service.key()
    path = "/api/channels/updates/events"
    pairs = ((b"host", b"a"), (b"x-api-key", key.encode()))
    request = Request("GET", path.encode(), path, path.encode(), b"", "1.1", pairs, b"", Peer("127.0.0.1", 1))
    handler, stream = service.app.stream(request), Begun()
    assert handler is not None
    await service.services.keys.revoke(key)
    await handler.run(stream)  # type: ignore[arg-type]
    assert (stream.status, b"invalid_api_key" in stream.body, service.hub.connection_count) == (401, True, 0)


async def test_a_reader_that_leaves_is_forgotten(service: Service) -> None:
    key = await service.key()
    async with await service.connect() as stream:
        await stream.send_all(f"GET /api/channels/updates/events?apiKey={key} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        await stream.receive_some()
        assert service.hub.subscriber_count(service.services.keys.get(key).client_id, "updates") == 1
    await until_empty(service)
    assert service.hub.subscription_count == 0


async def test_an_idle_stream_is_kept_awake(start: StartService, events: Events) -> None:
    service = await start(heartbeat_seconds=0.1)
    source = await events(service, "updates", X_API_Key=await service.key())
    await source.next()
    assert (await source.next()).name == ":"


async def test_a_reader_that_does_not_read_is_cut_off_alone(service: Service, events: Events) -> None:
    key = await service.key()
    service.services.limiter.configure(enabled=False, per_minute=1, burst=1)
    await events(service, "updates", X_API_Key=key)
    reading = await events(service, "updates", X_API_Key=key)
    await reading.next()
    number = 0
    while service.hub.connection_count == 2:
        await publish(service, key, [number, "x" * 200_000])
        assert (await reading.next()).json["data"][0] == number
        number += 1
    assert service.services.counters.slow_consumers == 1


async def test_streams_are_shown_to_operators(service: Service, events: Events) -> None:
    key = await service.key()
    source = await events(service, "updates", X_API_Key=key)
    await source.next()
    (view,), _ = Connections(service.hub).list(ConnectionQuery(key_id=KeyId(service.services.keys.get(key).id)))
    assert (view.transport, view.address, view.channels) == ("sse", "127.0.0.1", ["updates"])
    assert view.sent_bytes > 100


async def test_head_tells_what_a_stream_would_begin_with(service: Service) -> None:
    reply = await service.call("HEAD", "/api/channels/updates/events", key=await service.key())
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert service.hub.connection_count == 0


async def test_head_is_refused_as_a_stream_would_be(service: Service) -> None:
    assert (await service.call("HEAD", "/api/channels/updates/events")).status == 401
    reply = await service.call("HEAD", "/api/channels/other/events", key=await service.key("subscribe:updates"))
    assert reply.status == 403


async def test_a_subscription_takes_no_body(service: Service) -> None:
    reply = await service.call("GET", "/api/channels/updates/events", {"a": 1}, key=await service.key())
    assert (reply.status, reply.code) == (400, "invalid_request")
