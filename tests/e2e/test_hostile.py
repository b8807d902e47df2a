"""Peers that send what no client should: each ends in a documented error or close, and nobody else notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trio
from wsproto.frame_protocol import FrameProtocol

from tests.e2e.patience import within
from tests.e2e.peer import connect, join
from tests.e2e.raw import raw, text_frame
from tests.e2e.witness import undisturbed

if TYPE_CHECKING:
    from tests.e2e.daemon import Daemon
    from tests.e2e.fixtures import Starter
    from tests.e2e.rest import Reply, Rest

DEEP_30_000 = b"[" * 30_000 + b"]" * 30_000
DEEP = b'{"channel":"c","data":' + b"[" * 500_000 + b"]" * 500_000 + b"}"


@within(60)
async def test_ten_thousand_subscriptions_end_in_an_error_and_the_connection_stays(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), raw(service.ws) as peer:
        await peer.say({"type": "authenticate", "apiKey": key})
        await peer.until("authenticated")
        kinds: dict[str, int] = {}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_subscribe_ten_thousand, peer)
            for _ in range(10_000):
                message = await peer.hear()
                kind = message.get("code", message["type"])
                kinds[kind] = kinds.get(kind, 0) + 1
        assert kinds == {"subscribed": 1000, "too_many_subscriptions": 9000}
        await peer.say({"type": "ping"})
        await peer.until("pong")


async def _subscribe_ten_thousand(peer: Any) -> None:
    for first in range(0, 10_000, 500):
        await peer.say(*({"type": "subscribe", "channel": f"c{n}"} for n in range(first, first + 500)))


async def _post(client: Rest, body: bytes) -> Reply:
    return await client.call("POST", "/api/notifications", msgspec.Raw(body))


@within(60)
async def test_bombs_of_json_are_refused(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service):
        for body, status in (
            (DEEP, 400),
            (b'{"channel":"c","data":' + b"[" * 400_000, 400),
            (b'{"channel":"c","data":"' + b"x" * 900_000 + b'"}', 413),
            (b'{"channel":"c","data":{' + b'"a":1,' * 100_000 + b'"b":2}}', 413),
            (b'{"channel":"c","data":' + b"9" * 800_000 + b"}", 413),
            (b"[" * 1_040_000, 400),
        ):
            async with service.rest(key) as client:
                assert (await _post(client, body)).status == status, body[:40]


@within(60)
async def test_a_body_over_the_limit_is_refused_before_it_has_come(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), service.rest(key) as client:
        reply = await _post(client, b'{"channel":"c","data":"' + b"x" * 1_100_000 + b'"}')
        assert reply.status == 413
        assert reply.json["error"]["code"] == "too_large"


@within(60)
async def test_bombs_over_websocket_are_errors(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), raw(service.ws) as peer:
        await peer.subscribe(key, "c")
        for bomb, code in (
            (b"[" * 60_000, "invalid_message"),
            (b'{"type":"ping","requestId":' + DEEP_30_000 + b"}", "invalid_message"),
            (b'{"type":"ping","more":' + DEEP_30_000 + b"}", "invalid_json"),
            (b'{"type":"publish","channel":"c","data":' + DEEP_30_000 + b"}", "invalid_json"),
            (b'{"type":"publish","channel":"c","data":' + b"[" * 65 + b"]" * 65 + b"}", "too_deep"),
            (b'{"type":"subscribe","channel":"' + b"c" * 60_000 + b'"}', "invalid_channel"),
        ):
            await peer.stream.send_all(text_frame(bomb))
            assert (await peer.until("error"))["code"] == code, bomb[:40]
        await peer.say({"type": "ping"})
        await peer.until("pong")


@pytest.mark.slow
@within(60)
async def test_a_flood_of_connections_that_never_authenticate_ends_at_the_deadline(start: Starter) -> None:
    daemon = await start("websocket.authentication_seconds=1")
    codes = []

    async def flood() -> None:
        async with raw(daemon.ws) as peer:
            await peer.say(*({"type": "subscribe", "channel": "c"} for _ in range(50)), {"type": "ping"})
            codes.append((await peer.ended()).code)

    async with undisturbed(daemon), trio.open_nursery() as nursery:
        for _ in range(200):
            nursery.start_soon(flood)
    assert codes == [4001] * 200


@within(30)
async def test_a_subscribe_too_early_is_an_error_and_the_connection_stays(service: Daemon) -> None:
    key = await service.key()
    async with connect(service.ws_url) as peer:
        assert (await peer.hear())["type"] == "connected"
        assert (await peer.ask("subscribe", channel="c"))["code"] == "not_authenticated"
        assert (await peer.ask("authenticate", api_key=key))["type"] == "authenticated"
        assert (await peer.ask("subscribe", channel="c"))["type"] == "subscribed"


@within(60)
async def test_twenty_malformed_messages_are_too_many(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service):
        for malformed in ("{", "", "null", "[]", '{"type":1}', '{"type":"nothing"}', '{"type":"subscribe"}'):
            async with join(service.ws_url, key, "c") as peer:
                for _ in range(20):
                    await peer.ws.send_message(malformed)
                assert [(await peer.hear())["type"] for _ in range(20)] == ["error"] * 20
                assert (await peer.ended()).code == 4000


@within(30)
async def test_a_binary_message_is_an_error_and_the_connection_stays(service: Daemon) -> None:
    key = await service.key()
    async with undisturbed(service), join(service.ws_url, key, "c") as peer:
        await peer.ws.send_message(b'{"type":"ping"}')
        assert (await peer.hear())["code"] == "invalid_message"
        assert (await peer.ask("ping"))["type"] == "pong"


@within(30)
async def test_a_huge_message_ends_the_connection(service: Daemon) -> None:
    key = await service.key()
    fragments = FrameProtocol(client=True, extensions=[])
    pieces = b"".join(bytes(fragments.send_data("x" * 1000, fin=False)) for _ in range(70))
    async with undisturbed(service):
        for huge in (text_frame(b"x" * 70_000), pieces):
            async with raw(service.ws) as peer:
                await peer.subscribe(key, "c")
                await peer.stream.send_all(huge)
                assert (await peer.ended()).code == 1009


@within(30)
async def test_frames_that_are_none_end_the_connection(service: Daemon) -> None:
    async with undisturbed(service):
        for garbage, code in (
            (b"\xff" * 64, 1002),  # reserved bits and an unknown opcode
            (b"\x81\x05hello", 1002),  # not masked
            (b"\x81\x82\x00\x00\x00\x00\xc3\x28", 1007),  # not UTF-8
            (b"\x09\x80\x00\x00\x00\x00", 1002),  # a ping in fragments
        ):
            async with raw(service.ws) as peer:
                await peer.stream.send_all(garbage)
                assert (await peer.ended()).code == code, garbage
