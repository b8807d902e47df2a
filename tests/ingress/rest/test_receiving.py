"""Event streams of inboxes and with acks, and POST /api/notifications/ack, over real sockets."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.ingress.edge.rest.services import RestOptions
from notifyd.model.ids import DEFAULT_CLIENT, ClientId, UserId
from tests.ingress.harness import EventSource

if TYPE_CHECKING:
    from tests.ingress.conftest import StartService
    from tests.ingress.harness import Event, Reply, Service

Open = Callable[..., Awaitable[EventSource]]
ALICE = UserId("alice")


@pytest.fixture
async def open_stream(service: Service) -> AsyncIterator[Open]:
    """Opens event streams, which are closed at the end of the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def opened(path: str, **headers: str) -> EventSource:
            source = EventSource(await stack.enter_async_context(await service.connect()))
            sent = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
            await source.open("GET", path, sent)
            return source

        yield opened


@pytest.fixture
def inbox(service: Service, open_stream: Open) -> Open:
    """Opens a stream of alice's inbox."""

    async def opened(query: str = "", **headers: str) -> EventSource:
        token = service.token(ALICE)
        return await open_stream(f"/api/inbox/events{query}", Authorization=f"Bearer {token}", **headers)

    return opened


@pytest.fixture
async def key(service: Service) -> str:
    return await service.key()


@pytest.fixture
def channel(service: Service, open_stream: Open, key: str) -> Open:
    """Opens a stream of a channel with acks."""

    async def opened(query: str = "", **headers: str) -> EventSource:
        return await open_stream(f"/api/channels/updates/events?ack=true{query}", X_API_Key=key, **headers)

    return opened


async def publish(service: Service, key: str, *data: Any) -> None:
    for value in data:
        published = await service.publish(key, "updates", value)
        await service.dispatched(key, published.json["notificationId"])


async def ack(service: Service, first: Event, *ids: str, key: str | None = None, **fields: Any) -> Reply:
    body = {"connectionId": first.json["connectionId"], "ids": ids, **fields}
    credential = {"token": service.token(ALICE)} if key is None else {"key": key}
    return await service.call("POST", "/api/notifications/ack", body, **credential)


async def gone(service: Service, source: EventSource) -> None:
    """The peer has left, and everybody has seen it."""
    await source.close()
    while service.hub.connection_count:
        await trio.lowlevel.checkpoint()


def undelivered(service: Service) -> int:
    return len(service.services.inboxes.look(DEFAULT_CLIENT, ALICE).replay)


def epoch_of(service: Service) -> str:
    return service.broker.inbox.position(DEFAULT_CLIENT, ALICE).epoch


# The inbox


async def test_an_inbox_is_streamed_from_its_cursor_to_live(service: Service, inbox: Open) -> None:
    for data in ("a", "b"):
        await service.tell("default", ALICE, payload=data)
    source = await inbox()
    first = await source.next()
    (connection,) = service.hub.connections()
    assert first.json == {
        "connectionId": connection.id,
        "position": {"epoch": epoch_of(service), "offset": 2},
        "recovered": None,
    }
    assert first.id == f"{epoch_of(service)}:0"
    await service.tell("default", ALICE, payload="c")
    told = [await source.next() for _ in range(3)]
    assert [(each.json["data"], each.json["channel"], each.id) for each in told] == [
        (data, None, f"{epoch_of(service)}:{offset}") for offset, data in enumerate("abc", 1)
    ]


async def test_streaming_moves_no_cursor_and_coming_back_does(service: Service, inbox: Open) -> None:
    for _ in range(3):
        await service.tell("default", ALICE)
    source = await inbox()
    told = [await source.next() for _ in range(4)]
    assert undelivered(service) == 3
    await gone(service, source)
    again = await inbox(Last_Event_ID=str(told[2].id))
    first = await again.next()
    assert (first.json["recovered"], first.id, undelivered(service)) == (True, told[2].id, 1)
    assert (await again.next()).json["id"] == told[3].json["id"]


async def test_a_position_of_another_epoch_begins_at_the_cursor(service: Service, inbox: Open) -> None:
    await service.tell("default", ALICE)
    first = await (source := await inbox("?lastEventId=lost:7")).next()
    assert (first.json["recovered"], first.id) == (False, f"{epoch_of(service)}:0")
    assert (await source.next()).json["offset"] == 1


async def test_a_long_inbox_comes_whole_and_in_order(service: Service, inbox: Open) -> None:
    for number in range(12):
        await service.tell("default", ALICE, payload=[number, "x" * 20_000])
    source = await inbox()
    await service.tell("default", ALICE, payload=[12, ""])
    await source.next()
    assert [(await source.next()).json["data"][0] for _ in range(13)] == list(range(13))
    assert undelivered(service) == 13


async def test_an_ack_moves_the_cursor_of_a_stream_without_acks(service: Service, inbox: Open) -> None:
    for _ in range(3):
        await service.tell("default", ALICE)
    source = await inbox()
    first, *told = [await source.next() for _ in range(4)]
    reply = await ack(service, first, told[1].json["id"])
    assert (reply.status, reply.json) == (200, {"success": True, "acked": 2, "unknown": []})
    assert undelivered(service) == 1


async def test_the_token_may_come_in_the_query(service: Service, open_stream: Open) -> None:
    source = await open_stream(f"/api/inbox/events?token={service.token(ALICE)}")
    assert source.reply.status == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "token_missing"),
        ({"Authorization": "Bearer a.b.c"}, 401, "invalid_token"),
        ({"Authorization": "Bearer the-admin-token-of-the-tests"}, 401, "invalid_token"),
        ({"X_API_Key": "KEY"}, 401, "token_missing"),
    ],
)
async def test_an_inbox_needs_a_users_token(
    service: Service, open_stream: Open, key: str, headers: dict[str, str], status: int, code: str
) -> None:
    sent = {name: value.replace("KEY", key) for name, value in headers.items()}
    source = await open_stream("/api/inbox/events", **sent)
    assert (source.reply.status, f'"code":"{code}"'.encode() in await source.rest()) == (status, True)
    assert service.hub.connection_count == 0


async def test_a_position_that_is_none_is_refused(inbox: Open) -> None:
    source = await inbox("?lastEventId=nonsense")
    assert (source.reply.status, b"invalid_position" in await source.rest()) == (400, True)


async def test_head_tells_what_an_inbox_would_begin_with(service: Service) -> None:
    reply = await service.call("HEAD", "/api/inbox/events", token=service.token(ALICE))
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


async def test_pages_of_the_client_may_read_it(service: Service, open_stream: Open) -> None:
    shop = await service.client(url="https://shop.example")
    token = service.token(ALICE, shop)
    source = await open_stream("/api/inbox/events", Authorization=f"Bearer {token}", Origin="https://shop.example")
    assert source.reply.headers["access-control-allow-origin"] == "https://shop.example"


# By cookie

SHOP = "https://shop.example"


@pytest.fixture
async def shop(service: Service) -> ClientId:
    return await service.client(url=f"{SHOP}/app", cookie_name="session")


async def test_a_page_of_the_client_receives_and_acks_by_its_cookie(
    service: Service, open_stream: Open, shop: ClientId
) -> None:
    sent = {"Origin": SHOP, "Cookie": f"theme=dark; session={service.token(ALICE, shop)}"}
    source = await open_stream(f"/api/inbox/events?ack=true&clientId={shop}", **sent)
    told = source.reply.headers
    assert (told["access-control-allow-origin"], told["access-control-allow-credentials"]) == (SHOP, "true")
    first = await source.next()
    await service.tell(shop, ALICE)
    body = {"connectionId": first.json["connectionId"], "ids": [(await source.next()).json["id"]]}
    reply = await service.call("POST", f"/api/notifications/ack?clientId={shop}", body, headers=sent)
    assert (reply.status, reply.json["acked"]) == (200, 1)
    assert reply.headers["access-control-allow-credentials"] == "true"


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", f"{SHOP}.evil.example"])
@pytest.mark.parametrize("dev", [False, True])
async def test_no_other_page_does(start: StartService, origin: str | None, dev: bool) -> None:
    service = await start(RestOptions(dev=dev, admin_token="" if dev else "a-token", allowed_origins=("*",)))
    shop = await service.client(url=f"{SHOP}/app", cookie_name="session")
    sent = {"Cookie": f"session={service.token(ALICE, shop)}"} | ({} if origin is None else {"Origin": origin})
    for method, path in (("HEAD", "/api/inbox/events"), ("POST", "/api/notifications/ack")):
        body = {"connectionId": "c", "ids": ["a"]} if method == "POST" else None
        reply = await service.call(method, f"{path}?clientId={shop}", body, headers=sent)
        assert reply.status == 403
        assert "access-control-allow-credentials" not in reply.headers
        if method == "POST":
            assert reply.code == "origin_not_allowed"


async def test_the_cookie_of_another_client_is_none(service: Service, open_stream: Open, shop: ClientId) -> None:
    sent = {"Origin": SHOP, "Cookie": f"session={service.token(ALICE, shop)}"}
    for query in ("", "?clientId=default", "?clientId=nobody"):
        source = await open_stream(f"/api/inbox/events{query}", **sent)
        assert (source.reply.status, b"token_missing" in await source.rest()) == (401, True)


async def test_a_preflight_says_whether_cookies_may_be_sent(service: Service, shop: ClientId) -> None:
    for origin, path, told in (
        (SHOP, "/api/notifications/ack", "true"),
        ("https://evil.example", "/api/notifications/ack", None),
        (SHOP, "/api/v1/devices", None),
    ):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        reply = await service.call("OPTIONS", path, headers=headers)
        assert (reply.status, reply.headers.get("access-control-allow-credentials")) == (204, told)


# With acks


async def test_an_inbox_with_acks_moves_by_acks_alone(service: Service, inbox: Open) -> None:
    for _ in range(2):
        await service.tell("default", ALICE)
    source = await inbox("?ack=true")
    first, *told = [await source.next() for _ in range(3)]
    assert (first.json["ack"], first.json["ackSeconds"] > 0) == (True, True)
    assert [each.id for each in (first, *told)] == [f"{epoch_of(service)}:0"] * 3
    assert (await ack(service, first, told[0].json["id"])).json["acked"] == 1
    await service.tell("default", ALICE)
    assert (await source.next()).id == f"{epoch_of(service)}:1"
    assert undelivered(service) == 2


async def test_who_comes_back_with_the_last_id_gets_what_was_not_acked(
    service: Service, channel: Open, key: str
) -> None:
    source = await channel()
    first = await source.next()
    await publish(service, key, "a", "b")
    told = [await source.next() for _ in range(2)]
    assert (await ack(service, first, told[0].json["id"], key=key)).json["acked"] == 1
    await publish(service, key, "c")
    last = await source.next()
    await gone(service, source)
    again = await channel(Last_Event_ID=str(last.id))
    assert (await again.next()).json["recovered"] is True
    assert [(await again.next()).json["data"] for _ in range(2)] == ["b", "c"]


async def test_a_durable_one_goes_on_where_it_was_left(service: Service, channel: Open, key: str) -> None:
    source = await channel("&durable=worker")
    first = await source.next()
    await publish(service, key, "a", "b", "c")
    told = [await source.next() for _ in range(3)]
    await ack(service, first, told[0].json["id"], told[2].json["id"], key=key)
    await gone(service, source)
    again = await channel("&durable=worker", Last_Event_ID=str(told[2].id))
    assert (await again.next()).json["recovered"] is True
    assert (await again.next()).json["data"] == "b"


async def test_a_nack_is_answered_and_it_comes_again(
    service: Service, channel: Open, key: str, nursery: trio.Nursery
) -> None:
    nursery.start_soon(service.services.acks.house.clock.run)
    source = await channel()
    first = await source.next()
    await publish(service, key, "a")
    event = await source.next()
    reply = await ack(service, first, event.json["id"], "nothing", key=key, nack=True, reason="no room")
    assert reply.json == {"success": True, "acked": 1, "unknown": ["nothing"]}
    again = await source.next()
    assert (again.json, again.id) == (event.json | {"attempt": 2}, event.id)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?durable=worker", "invalid_durable"),
        ("?ack=maybe", "invalid_request"),
        ("?ack=1&durable=a%20b", "invalid_durable"),
    ],
)
async def test_a_wish_that_cannot_be_is_an_ordinary_answer(
    service: Service, open_stream: Open, key: str, query: str, code: str
) -> None:
    source = await open_stream(f"/api/channels/updates/events{query}", X_API_Key=key)
    assert (source.reply.status, f'"code":"{code}"'.encode() in await source.rest()) == (400, True)
    assert service.hub.connection_count == 0


async def test_nobody_else_acks_for_a_connection(service: Service, channel: Open, key: str) -> None:
    first = await (source := await channel()).next()
    await publish(service, key, "a")
    event = await source.next()
    for credential in (await service.key(), None):
        reply = await ack(service, first, event.json["id"], key=credential)
        assert (reply.status, reply.code) == (404, "connection_not_found")
    reply = await service.call(
        "POST",
        "/api/notifications/ack",
        {"connectionId": first.json["connectionId"], "ids": [event.json["id"]]},
        admin=True,
    )
    assert (reply.status, reply.json["acked"]) == (200, 1)


@pytest.mark.parametrize(
    "body", [{}, {"connectionId": "c"}, {"connectionId": "c", "ids": []}, {"connectionId": 1, "ids": ["a"]}]
)
async def test_a_malformed_ack_is_refused(service: Service, key: str, body: dict[str, Any]) -> None:
    reply = await service.call("POST", "/api/notifications/ack", body, key=key)
    assert (reply.status, reply.code) == (400, "invalid_request")


async def test_an_ack_needs_a_credential(service: Service) -> None:
    reply = await service.call("POST", "/api/notifications/ack", {"connectionId": "c", "ids": ["a"]})
    assert (reply.status, reply.code) == (401, "missing_api_key")


async def test_nothing_is_missed_and_nothing_comes_twice_while_others_publish(
    service: Service, channel: Open, key: str, nursery: trio.Nursery
) -> None:
    service.services.limiter.configure(enabled=False, per_minute=1, burst=1)
    await publish(service, key, *range(10))
    epoch = service.broker.history.position(DEFAULT_CLIENT, "updates").epoch
    nursery.start_soon(publish, service, key, *range(10, 25))
    source = await channel(f"&lastEventId={epoch}:0")
    first, got = await source.next(), []
    while len(got) < 25:
        event = await source.next()
        got.append(event.json["data"])
        await ack(service, first, event.json["id"], key=key)
    assert got == list(range(25))
