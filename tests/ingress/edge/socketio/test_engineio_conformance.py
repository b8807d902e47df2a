"""Every case of the official suite of the Engine.IO protocol, with its times, on both drivers.

How exact the times are is told by the tests of the timer; here a loaded machine is allowed for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trio

from tests.ingress.edge.socketio.drivers import BEATING, FAST, Link, Peer, conformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    async with conformance(request.param) as peer:
        yield peer


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
async def hasty(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """A peer of a server that gives up as soon as that of the official suite."""
    async with conformance(request.param, FAST) as peer:
        yield peer


@pytest.fixture(params=["/engine.io/", "/socket.io/"])
async def beating(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """A peer of a server that pings as often."""
    async with conformance(request.param, BEATING) as peer:
        yield peer


@pytest.fixture
async def echo() -> AsyncIterator[Peer]:
    async with conformance("/engine.io/") as peer:
        yield peer


def check_handshake(opened: dict[str, object], upgrades: list[str]) -> None:
    assert opened.keys() == KEYS
    assert isinstance(opened.pop("sid"), str)
    assert opened == {"upgrades": upgrades, "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}


async def test_polling_opens_a_session(hasty: Peer) -> None:
    check_handshake(await hasty.begin(), ["websocket"])


@pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"])
async def test_polling_needs_version_and_transport(peer: Peer, query: str) -> None:
    assert (await peer.ask("GET", peer.path + "?" + query)).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_session_begins_with_get(peer: Peer, method: str) -> None:
    assert (await peer.ask(method, peer.url("polling"))).status == 400


async def test_websocket_opens_a_session(hasty: Peer) -> None:
    async with hasty.websocket() as link:
        opened = await link.hear()
    assert isinstance(opened, str)
    assert opened[0] == "0"
    check_handshake(json.loads(opened[1:]), [])


@pytest.mark.parametrize(
    "query", ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"]
)
async def test_websocket_needs_version_and_transport(peer: Peer, query: str) -> None:
    async with peer.link() as link:
        assert await link.upgrade_at(peer.path + "?" + query) == 400


@pytest.mark.parametrize("payload", ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="])
async def test_polling_takes_and_gives_a_payload(echo: Peer, payload: str) -> None:
    await echo.begin()
    assert await echo.post(payload) == (200, "ok")
    assert await echo.poll() == (200, payload)


async def test_an_invalid_packet_ends_a_polling_session(echo: Peer) -> None:
    await echo.begin()
    assert (await echo.post("abc"))[0] == 400
    assert (await echo.poll())[0] == 400


async def test_two_polls_at_once_end_the_session(echo: Peer) -> None:
    await echo.begin()
    async with echo.link() as first:
        await first.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % echo.url("polling").encode())
        await echo.served.until(lambda: echo.served.server.counts.requests == 2)
        assert (await echo.poll())[0] == 400
        answer = await first.answer()
        assert (answer.status, answer.body) == (200, b"1")
    assert (await echo.poll())[0] == 400


async def test_a_poll_that_is_given_up_ends_the_session(echo: Peer) -> None:
    await echo.begin()
    async with echo.link() as first:
        await first.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % echo.url("polling").encode())
        await echo.served.until(lambda: echo.served.server.counts.requests == 2)
    assert (await echo.poll())[0] == 400


async def test_websocket_echoes_text(echo: Peer) -> None:
    async with echo.opened() as link:
        await link.say("4hello")
        assert await link.hear() == "4hello"


async def test_websocket_echoes_bytes(echo: Peer) -> None:
    async with echo.opened() as link:
        await link.say(b"\1\2\3\4")
        assert await link.hear() == b"\1\2\3\4"


@pytest.mark.parametrize("packet", ["abc", ""])
async def test_an_invalid_packet_ends_a_websocket(echo: Peer, packet: str) -> None:
    async with echo.opened() as link:
        await link.say(packet)
        assert await link.hear() == "close 4000"


async def test_polling_pings_in_time(beating: Peer) -> None:
    await beating.begin()
    for _ in range(3):
        started = trio.current_time()
        assert await beating.poll() == (200, "2")
        assert trio.current_time() - started > 0.2
        assert (await beating.post("3"))[0] == 200


async def test_polling_ends_without_a_pong(hasty: Peer) -> None:
    await hasty.begin()
    assert await hasty.poll() == (200, "2")
    await trio.sleep(FAST.ping_timeout / 1000)
    assert (await hasty.poll())[0] == 400


async def test_polling_ends_when_nobody_polls(hasty: Peer) -> None:
    await hasty.begin()
    await trio.sleep((FAST.ping_interval + FAST.ping_timeout) / 1000)
    # a ping that came late is given its time
    while (status := (await hasty.poll())[0]) == 200:
        pass
    assert status == 400


async def test_websocket_pings_in_time(beating: Peer) -> None:
    async with beating.opened() as link:
        for _ in range(3):
            started = trio.current_time()
            assert await link.hear() == "2"
            assert trio.current_time() - started > 0.25
            await link.say("3")


async def test_websocket_ends_without_a_pong(hasty: Peer) -> None:
    async with hasty.opened() as link:
        started = trio.current_time()
        assert await link.hear_all(2) == ["2", "close 4009"]
        assert trio.current_time() - started > 0.45


async def test_a_polling_peer_closes(peer: Peer) -> None:
    await peer.begin()
    async with peer.link() as first:
        await first.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % peer.url("polling").encode())
        await peer.served.until(lambda: peer.served.server.counts.requests == 2)
        assert await peer.post("1") == (200, "ok")
        answer = await first.answer()
        assert (answer.status, answer.body) == (200, b"6")
    assert (await peer.poll())[0] == 400


async def test_a_polling_peer_closes_just_before_its_poll_arrives(peer: Peer) -> None:
    await peer.begin()
    assert await peer.post("1") == (200, "ok")
    assert await peer.poll() == (200, "6")
    assert (await peer.poll())[0] == 400


async def test_a_websocket_peer_closes(peer: Peer) -> None:
    async with peer.opened() as link:
        await link.say("1")
        assert await link.hear() == "close 1000"


async def probe(peer: Peer, link: Link) -> None:
    await link.say("2probe")
    assert await link.hear() == "3probe"


async def test_an_upgrade(echo: Peer) -> None:
    await echo.begin()
    async with echo.websocket(echo.sid) as link:
        await probe(echo, link)
        assert await echo.poll() == (200, "6")
        await link.say("5")
        await link.say("4hello")
        assert await link.hear() == "4hello"


async def test_polls_are_refused_after_an_upgrade(echo: Peer) -> None:
    async with echo.upgraded() as link:
        assert (await echo.poll())[0] == 400
        await link.say("4hello")
        assert await link.hear() == "4hello"


async def test_a_second_websocket_is_closed_after_an_upgrade(echo: Peer) -> None:
    async with echo.upgraded() as link:
        async with echo.websocket(echo.sid) as second:
            assert await second.hear() == "close 1000"
        await link.say("4hello")
        assert await link.hear() == "4hello"


async def test_an_upgrade_by_a_peer_that_waits_for_nothing(peer: Peer) -> None:
    await peer.begin()
    async with peer.websocket(peer.sid) as link, peer.websocket(peer.sid) as second:
        await link.say("2probe")
        await link.say("5")
        assert (await peer.poll())[0] == 400
        assert await second.hear() == "close 1000"
