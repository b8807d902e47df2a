"""The opening handshake on a live connection: consent, refusal, and what is no handshake at all."""

from __future__ import annotations

import pytest
import trio

from notifyd.ingress.edge.http.app import Upgrade
from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import HANDSHAKE, EchoApp, serving


async def test_an_answer_refuses_the_upgrade_and_keeps_the_connection() -> None:
    app = EchoApp()
    app.upgraded = lambda request: Answer(403, b"no")
    async with serving(app) as served, served.connect() as peer:
        assert (await peer.ask(HANDSHAKE)).status == 403
        assert (await peer.ask(HANDSHAKE)).status == 403


async def test_an_application_without_a_websocket_there_sees_a_plain_request() -> None:
    app = EchoApp()
    app.upgraded = lambda request: None
    async with serving(app) as served, served.connect() as peer:
        assert (await peer.ask(HANDSHAKE)).status == 200


async def test_a_decision_may_take_time_and_choose_a_subprotocol() -> None:
    app = EchoApp()

    class Later:
        async def wait(self) -> Upgrade:
            await trio.lowlevel.checkpoint()
            return Upgrade(app.recorder, "chat", ((b"X-A", b"1"),))

    app.upgraded = lambda request: Later()
    async with serving(app) as served, served.connect() as peer:
        answer = await peer.ask(HANDSHAKE[:-2] + b"Sec-WebSocket-Protocol: other, chat\r\n\r\n")
        assert answer.status == 101
        assert answer.headers[b"sec-websocket-protocol"] == b"chat"
        assert answer.headers[b"x-a"] == b"1"
        assert answer.headers[b"sec-websocket-accept"] == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


REFUSED_HANDSHAKES = {
    "POST": (405, HANDSHAKE.replace(b"GET", b"POST")),
    "version 8": (426, HANDSHAKE.replace(b"Version: 13", b"Version: 8")),
    "no version": (426, HANDSHAKE.replace(b"Sec-WebSocket-Version: 13\r\n", b"")),
    "no key": (400, HANDSHAKE.replace(b"Sec-WebSocket-Key", b"X-Key")),
    "a short key": (400, HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ==")),
    "a key that is no base64": (400, HANDSHAKE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"!GhlIHNhbXBsZSBub25jZQ==")),
    "two keys": (400, HANDSHAKE.replace(b"Host: a", b"Host: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")),
    "a body": (400, HANDSHAKE.replace(b"Host: a", b"Host: a\r\nContent-Length: 2") + b"hi"),
    "no Host": (400, HANDSHAKE.replace(b"Host: a\r\n", b"")),
}


@pytest.mark.parametrize("name", REFUSED_HANDSHAKES)
async def test_a_bad_handshake_is_refused(name: str) -> None:
    status, data = REFUSED_HANDSHAKES[name]
    async with serving() as served, served.connect() as peer:
        answer = await peer.ask(data)
        assert answer.status == status
        if status == 426:
            assert answer.headers[b"sec-websocket-version"] == b"13"
        assert await peer.rest() == b""


@pytest.mark.parametrize(
    "data",
    [
        HANDSHAKE.replace(b"Upgrade: websocket", b"upgrade: h2c, WebSocket"),
        HANDSHAKE.replace(b"Connection: Upgrade", b"Connection: keep-alive,UPGRADE"),
        HANDSHAKE.replace(b"Host: a", b"Host: a\r\nSec-WebSocket-Extensions: permessage-deflate"),
    ],
)
async def test_a_handshake_in_other_words_is_accepted(data: bytes) -> None:
    async with serving() as served, served.connect() as peer:
        answer = await peer.ask(data)
        assert answer.status == 101
        assert b"sec-websocket-extensions" not in answer.headers


@pytest.mark.parametrize(
    "data", [HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0"), HANDSHAKE.replace(b"Connection: Upgrade\r\n", b"")]
)
async def test_an_upgrade_that_is_none_is_a_plain_request(data: bytes) -> None:
    async with serving() as served, served.connect() as peer:
        assert (await peer.ask(data)).status == 200
