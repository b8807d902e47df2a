"""Namespaces: connecting, events, acks, attachments and every way in which they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.ingress.edge.socketio.api import NotNow, Welcome
from notifyd.ingress.edge.socketio.settings import SocketIoSettings
from notifyd.wire.socketio.packets import polling_event, websocket_event
from notifyd.wire.socketio.session import SocketIoRules
from tests.ingress.edge.socketio.drivers import REFUSED, Handler, Peer, Recorder, connect, sockets, until_told

ANSWER = '40{"sid":"sid-of-"}'


async def test_the_application_is_asked_with_what_the_peer_said() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await link.say('40/client-x?a=b,{"token":"ü","__proto__":{"x":1}}')
        assert await link.hear() == '40/client-x?a=b,{"sid":"sid-of-client-x?a=b"}'
        auth = {"token": "ü", "__proto__": {"x": 1}}
        assert app.asked == [("/client-x?a=b", auth, "/socket.io/", "websocket")]
        assert app.handlers["/client-x?a=b"].told == ["opened"]


async def test_the_handshake_is_remembered_as_far_as_it_tells_of_the_peer() -> None:
    app = Recorder()
    async with sockets(app) as peer:
        headers = (
            b"Cookie: a=b\r\nOrigin: http://o\r\nAccept-Language: de\r\nX-Forwarded-For: 192.0.2.1\r\nCookie: c=d\r\n"
        )
        answer = await peer.ask("GET", peer.url("polling") + "&token=t", headers=headers)
        peer.sid = json.loads(answer.body[1:])["sid"]
        await peer.post("40")
        request = app.requests[0]
        assert request.headers == (
            (b"host", b"a"), (b"cookie", b"a=b"), (b"origin", b"http://o"), (b"x-forwarded-for", b"192.0.2.1"),
            (b"cookie", b"c=d"),
        )  # fmt: skip
        assert (request.method, request.query) == ("GET", b"EIO=4&transport=polling&token=t")
        assert request.peer.host == "127.0.0.1"


async def test_a_pid_is_told_where_there_is_one() -> None:
    app = Recorder()
    app.decide = lambda namespace: Welcome(Handler(), "s", "p")
    async with sockets(app) as peer, peer.opened() as link:
        await link.say("40")
        assert await link.hear() == '40{"sid":"s","pid":"p"}'


async def test_a_refusal_leaves_the_transport_open() -> None:
    app = Recorder()
    app.decide = lambda namespace: REFUSED if namespace == "/no" else app.welcome(namespace)
    async with sockets(app) as peer, peer.opened() as link:
        await link.say("40/no,{}")
        assert await link.hear() == '44/no,{"message":"not you","data":{"code":"nobody"}}'
        await connect(link)


async def test_who_is_to_come_again_loses_a_transport_that_nobody_else_uses() -> None:
    app = Recorder()
    app.decide = lambda namespace: NotNow(1013, "later", REFUSED)
    async with sockets(app) as peer:
        async with peer.opened() as link:
            await link.say("40/no,{}")
            assert await link.hear() == "close 1013"
        await peer.begin()
        await peer.post("40/no,{}")
        assert await peer.poll() == (200, "1")


async def test_who_is_to_come_again_is_told_so_where_others_use_the_transport() -> None:
    app = Recorder()
    app.decide = lambda namespace: NotNow(1013, "later", REFUSED) if namespace == "/no" else app.welcome(namespace)
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await link.say("40/no,{}")
        assert await link.hear() == '44/no,{"message":"not you","data":{"code":"nobody"}}'
        await link.say('42["a"]')
        await until_told(app.handlers["/"], ("a", []))


class Later:
    """A decision that takes time."""

    def __init__(self, decision: Any) -> None:
        self.event = trio.Event()
        self.decision = decision

    async def wait(self) -> Any:
        await self.event.wait()
        if isinstance(self.decision, Exception):
            raise self.decision
        return self.decision


async def test_packets_wait_for_a_decision() -> None:
    app = Recorder()
    later = Later(app.welcome("/"))
    app.decide = lambda namespace: later
    async with sockets(app) as peer, peer.opened() as link:
        await link.say("40")
        await link.say('42["a"]')
        await peer.served.until(lambda: len(app.asked) == 1)
        assert app.handlers["/"].told == []
        later.event.set()
        assert await link.hear() == ANSWER
        await until_told(app.handlers["/"], ("a", []))


async def test_a_decision_that_comes_too_late_opens_nothing_on_polling() -> None:
    app = Recorder()
    later = Later(app.welcome("/"))
    app.decide = lambda namespace: later
    async with sockets(app) as peer, trio.open_nursery() as nursery:
        await peer.begin()
        nursery.start_soon(peer.post, "40")
        await peer.served.until(lambda: len(app.asked) == 1)
        peer.served.app.engine.drain(1012, "")
        await peer.poll()
        later.event.set()
        await peer.served.until(lambda: peer.served.app.engine.connection_count == 0)
        assert app.handlers["/"].told in ([], ["opened", "transport close"])


@pytest.mark.parametrize("late", [False, True])
async def test_an_application_that_fails_refuses(late: bool) -> None:
    app = Recorder()
    broken = Later(RuntimeError("as a test wishes"))
    broken.event.set()
    app.decide = lambda namespace: broken if late else 1 // 0
    async with sockets(app) as peer, peer.opened() as link:
        with capture_logs() as logs:
            await link.say("40")
            assert await link.hear() == '44{"message":"internal error"}'
        assert [line["event"] for line in logs] == ["connect_failed"]


@pytest.mark.parametrize(
    "packets",
    [
        ['42["a"]'],  # before a CONNECT
        ["41"],
        ["43[]"],
        ["40", "40"],
        ["40", "44{}"],
        ["40", '42/other,["a"]'],
        ["40", '42["connect"]'],
        ["40", '42["disconnecting"]'],
        ["40", "42[true]"],
        ["40", "42[]"],
        ["40", "42"],
        ["40", "43"],
        ["40", "41{}"],
        ["40", "40null"],
        ["40", '429007199254740992["a"]'],
        ["40", '450-["a"]'],
        ["40", '45["a"]'],
        ["40", '4511-["a",{"_placeholder":true,"num":0}]'],
        ["40", '451-["a",{"_placeholder":true,"num":0}]', '42["a"]'],
        ["40", '451-["a",{"_placeholder":true,"num":1}]', b"x"],
        ["40", '451-["a",{"_placeholder":true,"num":-1}]', b"x"],
        ["40", '451-["a",{"_placeholder":true,"num":true}]', b"x"],
        ["40", '451-["a",{"_placeholder":true}]', b"x"],
        ["40", '451-["a"]', b"x"],
        ["40", '451-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', b"x"],
        ["40", b"x"],
        ["40", "42" + "[" * 5000 + '"a"' + "]" * 5000],
        ["40", '42["a",' + "[" * 64 + "]" * 64 + "]"],
        ["40/" + "x" * 256],
    ],
)
async def test_what_closes_the_transport(packets: list[str | bytes]) -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        for packet in packets:
            await link.say(packet)
        while (heard := await link.hear()) == ANSWER:
            pass
        assert heard == "close 4000"
        await link.rest()
        assert [handler.told[-1] for handler in app.handlers.values()] in ([], ["parse error"])


async def test_what_is_unusual_and_allowed() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await link.say('42[5,"[{[{",{"a":"\\\\\\"["}]')
        await link.say('429007199254740991["a"]')
        await link.say("437[1]")  # an ack that nobody asked for
        await link.say("43[]")
        await link.say('42["b",{"_placeholder":false}]')
        first = ("5", ["[{[{", {"a": '\\"['}])
        await until_told(app.handlers["/"], first, ("a", []), ("b", [{"_placeholder": False}]))
        assert app.handlers["/"].heard_count == 5


async def test_frames_that_were_encoded_once() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        frame = websocket_event("/", "notification", b'{"a":1},"x"')
        app.handlers["/"].socket.put(frame + websocket_event("/x", "b"))
        assert await link.hear_all(2) == ['42["notification",{"a":1},"x"]', '42/x,["b"]']


async def test_one_socket_leaves_and_the_others_stay() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await connect(link, "/x,")
        await link.say("41/x,")
        await until_told(app.handlers["/x"], "client namespace disconnect")
        assert app.handlers["/"].told == ["opened"]
        await connect(link, "/x,")


async def test_a_socket_that_we_end() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await connect(link, "/x,")
        handler = app.handlers["/x"]
        handler.socket.disconnect()
        handler.socket.disconnect()
        assert handler.told == ["opened"], "not from within the application's own call"
        await link.say('42/x,["under way"]')
        await link.say('42["a"]')
        assert await link.hear() == "41/x,"
        await until_told(app.handlers["/"], ("a", []))
        await until_told(handler, "server namespace disconnect")


async def test_a_transport_without_a_namespace_is_closed_again() -> None:
    async with sockets(Recorder(), rules={"connect_timeout_seconds": 0.8}) as peer, peer.opened() as link:
        await connect(link)
        await trio.sleep(0.9)
        await link.say("41")
        assert await link.hear() == "close 4001"


async def test_namespaces_of_a_transport_are_bounded() -> None:
    async with sockets(Recorder(), rules={"max_namespaces": 2}) as peer, peer.opened() as link:
        await connect(link, "/a,")
        await connect(link, "/b,")
        await link.say("40/c,")
        assert await link.hear() == '44/c,{"message":"too many namespaces"}'
        await link.say("41/a,")
        await connect(link, "/c,")


async def test_the_end_of_the_transport_is_that_of_all() -> None:
    app = Recorder()
    async with sockets(app) as peer:
        async with peer.opened() as link:
            await connect(link)
            await connect(link, "/x,")
        await peer.served.until(lambda: all(len(handler.told) == 2 for handler in app.handlers.values()))
        assert [handler.told[1] for handler in app.handlers.values()] == ["transport close"] * 2


async def test_closing_from_one_socket_closes_the_transport() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        app.handlers["/"].socket.close(4008, "slow")
        assert await link.hear() == "close 4008"


async def test_a_mark_of_one_socket_is_none_of_the_others() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        await connect(link)
        await connect(link, "/x,")
        first, second = app.handlers["/"], app.handlers["/x"]
        first.socket.ping(5)
        second.socket.ping(6)
        first.socket.ping()
        assert await link.hear_all(2) == ["2", "2"]
        await link.say("41/x,")
        await link.say("3")
        await link.say("3")
        await link.say('42["end"]')
        await until_told(first, 5, ("end", []))
        await until_told(second, "client namespace disconnect")


async def poll_until(peer: Peer, text: str) -> str:
    payload = ""
    while text not in payload:
        status, body = await peer.poll()
        assert status == 200
        payload += body + "\x1e"
    return payload


async def test_all_of_it_on_polling() -> None:
    app = Recorder()
    async with sockets(app) as peer:
        await peer.begin()
        await peer.post('40\x1e40/x,{}\x1e451-1["a",{"_placeholder":true,"num":0}]\x1ebAQI=')
        handler = app.handlers["/"]
        assert handler.told == ["opened", ("a", [b"\1\2"])]
        assert app.asked[0][3] == handler.socket.transport == "polling"
        handler.socket.emit("b", b"\1")
        handler.socket.put(polling_event("/", "c", b"1") + polling_event("/x", "d"))
        expected = ANSWER + '\x1e40/x,{"sid":"sid-of-x"}\x1e451-["b",{"_placeholder":true,"num":0}]\x1ebAQ==\x1e'
        assert await poll_until(peer, '"d"') == expected + '42["c",1]\x1e42/x,["d"]\x1e'
        assert handler.socket.pending_bytes == 0
        assert handler.socket.sent_bytes > 50


async def test_sockets_are_told_of_the_upgrade() -> None:
    app = Recorder()
    async with sockets(app) as peer:
        await peer.begin()
        await peer.post("40")
        async with peer.websocket(peer.sid) as link:
            await link.say("2probe")
            await link.say("5")
            assert await link.hear_all(2) == ["3probe", ANSWER]
            await until_told(app.handlers["/"], "transport changed")
            assert app.handlers["/"].socket.transport == "websocket"


async def test_a_slow_consumer_that_asks_for_acks_has_to_go() -> None:
    app = Recorder()
    async with sockets(app, heartbeat={"queue_bytes": 50}) as peer:
        await peer.begin()
        await peer.post("40")
        handler = app.handlers["/"]
        assert not handler.socket.emit("a", "x" * 50)
        assert not handler.socket.emit_with_ack("a", "x" * 50, on_ack=print)
        handler.on_event = lambda name, arguments, ack: ack(*arguments) if ack else None
        await peer.post('421["a","%s"]' % ("x" * 50))
        await until_told(handler, ("a", ["x" * 50]), "transport close")


async def test_a_handler_that_fails_at_the_end_spoils_nothing() -> None:
    app = Recorder()
    async with sockets(app) as peer:
        with capture_logs() as logs:
            async with peer.opened() as link:
                await connect(link)
                await connect(link, "/x,")
                app.handlers["/x"].closed = lambda reason: 1 // 0  # type: ignore[method-assign,assignment]
            await peer.served.until(lambda: peer.served.app.engine.connection_count == 0)
        assert app.handlers["/"].told == ["opened", "transport close"]
        assert [line["event"] for line in logs] == ["namespace_handler_failed"]


async def test_settings_may_change() -> None:
    app = Recorder()
    async with sockets(app) as peer, peer.opened() as link:
        server = peer.served.app.engine
        server.configure(SocketIoSettings(rules=SocketIoRules(max_namespaces=1)))
        assert server.connection_count == 1
        assert server.session_count == 0
        assert server.owns("/socket.io")
        await connect(link)
