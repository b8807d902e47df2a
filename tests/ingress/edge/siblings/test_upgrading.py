"""A WebSocket that comes to another worker than the one whose session it is to relieve."""

from __future__ import annotations

import json

import trio

from tests.ingress.edge.edge_harness import KEY, text
from tests.ingress.edge.siblings.houses import house
from tests.ingress.edge.siblings.test_polling import at, begun
from tests.ingress.edge.test_link import TLS_SIDES, secure, tls

__all__ = ["tls"]

HEAD = (
    b"GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


def ask(path: str, body: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)


async def test_an_upgrade_reaches_the_session() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.websocket(away.sid) as link:
            await link.say("2probe")
            assert await link.hear() == "3probe"
            await link.say("5", "4over", b"bytes")
            assert await link.hear_all(2) == ["4over", b"bytes"]
        await built.peers[0].served.until(lambda: built.engines[0].connection_count == 0)


async def test_what_is_long_goes_through() -> None:
    text = "4" + "x" * 900_000
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.websocket(away.sid) as link:
            await link.say("2probe")
            assert await link.hear() == "3probe"
            await link.say("5")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.say, text)
                assert await link.hear() == text


async def test_words_before_the_answer_are_not_lost() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.link() as link:
            await link.send(HEAD % (away.url("websocket").encode(), KEY) + text(b"2probe"))
            assert (await link.answer()).status == 101
            assert await link.hear() == "3probe"


async def test_a_close_of_the_holder_ends_the_connection() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.websocket(away.sid) as link:
            await link.say("2probe")
            assert await link.hear() == "3probe"
            await link.say("5", "4hello")
            assert await link.hear() == "4hello"
            built.engines[0].drain(1012, "come back")
            assert await link.closed_with() == 1012
        with trio.fail_after(20):
            await built.peers[1].served.server.tunnels_ended()


async def test_a_holder_that_dies_ends_the_connection() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.websocket(away.sid) as link:
            assert built.peers[1].served.server.counts.open
            await built.peers[0].served.server.drain(0)
            assert await link.rest() == b""


async def test_a_refusal_of_the_holder_ends_the_connection() -> None:
    async with house() as built:
        away = at(built, 1, (await begun(built)) + "x.0")
        async with away.link() as link:
            assert await link.upgrade_at(away.url("websocket")) == 400
            assert await link.rest() == b""


async def test_the_limit_of_connections_holds_for_what_siblings_bring() -> None:
    async with house(connections={"max_connections": 1}) as built:
        sid = await begun(built)
        async with built.peers[0].served.connect():
            await built.peers[0].served.until(lambda: built.peers[0].served.server.counts.open == 1)
            assert (await at(built, 1, sid).poll())[0] == 503


async def test_what_came_over_tls_is_known_to_be_secure(tls: TLS_SIDES) -> None:
    async with house(tls=tls[0]) as built:
        first, second = built.peers
        peer = await secure(first.served.port, tls[1])
        opened = await peer.ask(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % first.url("polling").encode())
        first.sid = second.sid = json.loads(opened.body[1:])["sid"]
        await trio.aclose_forcefully(peer.stream)
        peer = await secure(second.served.port, tls[1])
        assert (await peer.ask(ask(second.url("polling"), b"4hello"))).body == b"ok"
        assert built.apps[0].requests[-1].secure
        await peer.send(HEAD % (second.url("websocket").encode(), KEY) + text(b"2probe") + text(b"5"))
        assert (await peer.answer()).status == 101
        assert built.apps[0].requests[-1].secure
        assert [await peer.frame() for _ in range(2)] == [(0x81, b"3probe"), (0x81, b"4hello")]
        await trio.aclose_forcefully(peer.stream)
