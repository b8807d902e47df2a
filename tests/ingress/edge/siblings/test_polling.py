"""A session whose requests come to another worker than the one that holds it."""

from __future__ import annotations

import json

import pytest
import trio

from tests.ingress.edge.siblings.houses import House, house
from tests.ingress.edge.socketio.drivers import Peer


def at(built: House, index: int, sid: str) -> Peer:
    """A peer that comes to worker *index* with the session of another one."""
    peer = Peer(built.peers[index].served, "/engine.io/")
    peer.sid = sid
    return peer


async def begun(built: House, index: int = 0) -> str:
    return str((await built.peers[index].begin())["sid"])


async def test_a_session_is_served_wherever_its_requests_come() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        assert await away.post("4hello") == (200, "ok")
        assert await away.poll() == (200, "4hello")
        assert (built.engines[0].session_count, built.engines[1].session_count) == (1, 0)


async def test_the_holder_sees_the_peer_as_it_came() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.link() as link:
            answer = await link.request("POST", away.url("polling"), b"4x", b"X-Forwarded-For: 192.0.2.9\r\nA:  b \r\n")
            assert answer.body == b"ok"
            assert answer.headers[b"access-control-allow-origin"] == b"*"
            came, told = built.apps[1].requests[-1], built.apps[0].requests[-1]
            assert (told.peer, told.secure, told.target, told.body) == (came.peer, came.secure, came.target, came.body)
            assert told.peer.port == link.stream.socket.getsockname()[1]  # type: ignore[attr-defined]
            assert (told.header(b"x-forwarded-for"), told.header(b"a")) == (b"192.0.2.9", b"b")


async def test_one_connection_may_ask_for_anybody() -> None:
    async with house(3) as built:
        sids = [await begun(built, index) for index in range(3)]
        peers = [at(built, 1, sid) for sid in sids]
        async with peers[0].link() as link:
            for round_ in range(2):
                for peer in peers:
                    said = f"4{round_}".encode()
                    assert (await link.request("POST", peer.url("polling"), said)).body == b"ok"
                    assert (await link.request("GET", peer.url("polling"))).body == said
        assert [engine.session_count for engine in built.engines] == [1, 1, 1]


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with house() as built:
        here, away = at(built, 1, await begun(built, 1)), at(built, 1, await begun(built, 0))
        async with here.link() as link:
            ask = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
            poll = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
            urls = [peer.url("polling").encode() for peer in (away, here)]
            said = [b"4away", b"4here"]
            posts = [ask % (url, len(text), text) for url, text in zip(urls, said, strict=True)]
            await link.send(b"".join([*posts, *(poll % url for url in urls)]))
            assert [(await link.answer()).body for _ in range(4)] == [b"ok", b"ok", *said]


async def test_a_poll_waits_for_what_comes_later() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.link() as link, trio.open_nursery() as nursery:

            async def poll() -> None:
                assert (await link.request("GET", away.url("polling"))).body == b"4late"

            nursery.start_soon(poll)
            await built.peers[0].served.until(lambda: len(built.apps[0].requests) == 2)
            assert await away.post("4late") == (200, "ok")


async def test_a_peer_that_leaves_its_poll_ends_the_session_as_it_would_at_home() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        async with away.link() as link:
            await link.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % away.url("polling").encode())
            await built.peers[0].served.until(lambda: len(built.apps[0].requests) == 2)
        await built.peers[0].served.until(lambda: built.engines[0].session_count == 0)
        assert (await away.poll())[0] == 400


async def test_a_dead_holder_is_an_unknown_session() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        built.doors[0].unlink()
        answer = await away.ask("GET", away.url("polling"))
        assert (answer.status, json.loads(answer.body)["code"]) == (400, 1)
        assert answer.headers[b"access-control-allow-origin"] == b"*"
        async with away.link() as link:
            assert await link.upgrade_at(away.url("websocket")) == 400


async def test_a_holder_that_dies_amidst_a_poll_is_an_unknown_session() -> None:
    async with house() as built, trio.open_nursery() as nursery:
        away = at(built, 1, await begun(built))

        async def poll() -> None:
            status, body = await away.poll()
            assert (status, json.loads(body)["code"]) == (400, 1)

        nursery.start_soon(poll)
        server = built.peers[0].served.server
        await built.peers[0].served.until(lambda: len(built.apps[0].requests) == 2)
        await server.drain(0)


async def test_sids_of_nobody_are_unknown_at_once() -> None:
    async with house() as built:
        for sid in ("x.7", "x.1", "x.0", "x", "x.-1", "."):
            status, body = await at(built, 1, sid).poll()
            assert (status, json.loads(body)["code"]) == (400, 1), sid


async def test_who_leaves_the_ports_still_takes_what_siblings_bring() -> None:
    async with house() as built:
        away = at(built, 1, await begun(built))
        built.peers[0].served.server.leave_ports()
        with pytest.raises(OSError, match="attempts to connect"):
            await built.peers[0].poll()
        assert await away.post("4hello") == (200, "ok")
        built.peers[0].served.server.stop_listening()
        assert (await away.poll())[0] == 400
