"""Every case of the official suite of the Socket.IO protocol, with its times; those of Engine.IO stand beside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trio

from tests.conformance.server import Timing
from tests.ingress.edge.socketio.drivers import BEATING, FAST, Peer, conformance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PLACEHOLDERS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with conformance("/socket.io/") as peer:
        yield peer


@pytest.mark.parametrize("payload", ["", '{"token":"123"}'])
@pytest.mark.parametrize("namespace", ["", "/custom,"])
async def test_connecting(peer: Peer, namespace: str, payload: str) -> None:
    async with peer.opened() as link:
        await link.say(f"40{namespace}{payload}")
        answer = str(await link.hear())
        assert answer.startswith(f"40{namespace}{{")
        told = json.loads(answer.removeprefix(f"40{namespace}"))
        assert told.keys() == {"sid"}
        assert isinstance(told["sid"], str)
        assert await link.hear() == f'42{namespace}["auth",{payload or "{}"}]'


async def test_an_unknown_namespace_is_refused(peer: Peer) -> None:
    async with peer.opened() as link:
        await link.say("40/random")
        assert await link.hear() == '44/random,{"message":"Invalid namespace"}'


async def test_an_invalid_handshake_closes(peer: Peer) -> None:
    async with peer.opened() as link:
        await link.say("4abc")
        assert await link.hear() == "close 4000"


async def test_no_handshake_in_time_closes() -> None:
    timing = Timing(300, 20_000, FAST.connect_timeout)
    async with conformance("/socket.io/", timing) as peer, peer.opened() as link:
        started = trio.current_time()
        assert await link.hear_but_pings() == "close 4001"
        assert trio.current_time() - started > 0.95


async def test_disconnecting_from_the_main_namespace_keeps_the_transport() -> None:
    async with conformance("/socket.io/", BEATING) as peer, peer.connected() as link:
        await link.say("41")
        assert await link.hear() == "2"


async def test_disconnecting_from_one_namespace_keeps_the_other(peer: Peer) -> None:
    async with peer.connected() as link:
        await link.say("40/custom")
        assert str(await link.hear()).startswith('40/custom,{"sid":"')
        assert await link.hear() == '42/custom,["auth",{}]'
        await link.say("41/custom")
        await link.say('42["message","message to main namespace"]')
        assert await link.hear() == '42["message-back","message to main namespace"]'


async def test_a_message(peer: Peer) -> None:
    async with peer.connected() as link:
        await link.say('42["message",1,"2",{"3":[true]}]')
        assert await link.hear() == '42["message-back",1,"2",{"3":[true]}]'


async def test_a_message_with_attachments(peer: Peer) -> None:
    async with peer.connected() as link:
        await link.say(f'452-["message",{PLACEHOLDERS}]')
        await link.say(b"\1\2\3")
        await link.say(b"\4\5\6")
        assert await link.hear_all(3) == [f'452-["message-back",{PLACEHOLDERS}]', b"\1\2\3", b"\4\5\6"]


async def test_an_ack(peer: Peer) -> None:
    async with peer.connected() as link:
        await link.say('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert await link.hear() == '43456[1,"2",{"3":[false]}]'


async def test_an_ack_with_attachments(peer: Peer) -> None:
    async with peer.connected() as link:
        await link.say(f'452-789["message-with-ack",{PLACEHOLDERS}]')
        await link.say(b"\1\2\3")
        await link.say(b"\4\5\6")
        assert await link.hear_all(3) == [f"462-789[{PLACEHOLDERS}]", b"\1\2\3", b"\4\5\6"]


@pytest.mark.parametrize("packet", ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'])
async def test_an_invalid_packet_closes(peer: Peer, packet: str) -> None:
    async with peer.connected() as link:
        await link.say(packet)
        assert await link.hear() == "close 4000"
