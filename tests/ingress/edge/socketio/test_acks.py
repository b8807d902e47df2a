"""Acks in both directions, and binary attachments."""

from __future__ import annotations

from typing import Any

from notifyd.wire.socketio.packets import PacketLimits
from tests.ingress.edge.socketio.drivers import Recorder, connect, sockets, until_told


async def test_attachments_are_bounded_in_bytes() -> None:
    limits = PacketLimits(max_attachment_bytes=5)
    async with sockets(Recorder(), rules={"packets": limits}) as peer, peer.opened() as link:
        await connect(link)
        await link.say('452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        await link.say(b"123")
        await link.say(b"456")
        assert await link.hear() == "close 4000"


async def test_events_with_attachments_in_any_place() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await link.say('452-["a",[{"x":{"_placeholder":true,"num":1}}],{"_placeholder":true,"num":0}]')
        await link.say(b"0")
        await link.say(b"1")
        await until_told(app.handlers["/"], ("a", [[{"x": b"1"}], b"0"]))
        app.handlers["/"].socket.emit("b", {"y": [b"2", (bytearray(b"3"), memoryview(b"4"))]})
        places = [f'{{"_placeholder":true,"num":{number}}}' for number in range(3)]
        expected = f'453-["b",{{"y":[{places[0]},[{places[1]},{places[2]}]]}}]'
        assert await link.hear_all(4) == [expected, b"2", b"3", b"4"]


async def test_an_ack_is_answered_once() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link, "/x,")

        def twice(name: str, arguments: list[Any], ack: Any) -> None:
            ack(1, b"2")
            ack(3)

        app.handlers["/x"].on_event = twice
        await link.say('42/x,7["a"]')
        await link.say("41/x,")
        await link.say("40/x,")
        assert await link.hear_all(3) == [
            '461-/x,7[1,{"_placeholder":true,"num":0}]',
            b"2",
            '40/x,{"sid":"sid-of-x"}',
        ]


async def test_acks_of_the_peer_find_who_asked() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        answers: list[Any] = []
        socket = app.handlers["/"].socket
        for number in range(2):
            socket.emit_with_ack("ask", number, on_ack=answers.append)
        assert await link.hear_all(2) == ['420["ask",0]', '421["ask",1]']
        for packet in ("431[2]", '461-0[{"_placeholder":true,"num":0}]', b"x", "431[3]", '42["end"]'):
            await link.say(packet)
        await until_told(app.handlers["/"], ("end", []))
        assert answers == [[2], [b"x"]]


async def test_unanswered_acks_are_bounded() -> None:
    app = Recorder()
    async with sockets(app, rules={"max_unanswered_acks": 2}) as peer, peer.opened() as link:
        await connect(link)
        answers: list[Any] = []
        for _ in range(3):
            app.handlers["/"].socket.emit_with_ack("ask", on_ack=answers.append)
        for packet in ('430["a"]', '431["b"]', '432["c"]', '42["end"]'):
            await link.say(packet)
        await until_told(app.handlers["/"], ("end", []))
        assert answers == [["b"], ["c"]]
