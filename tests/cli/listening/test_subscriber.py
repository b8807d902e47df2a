"""listen --url against a server that says exactly what a test wants."""

import base64
import functools
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio_websocket import ConnectionClosed, serve_websocket

from notifyctl.exits import Refusal, Status
from notifyctl.listening.link import Link
from notifyctl.listening.places import Places
from notifyctl.listening.subscribing.desk import Desk
from notifyctl.listening.subscribing.native import Native
from notifyctl.listening.subscribing.subscriber import Subscriber
from notifyctl.listening.working.conduct import bring
from notifyctl.listening.working.sources import Network
from notifyctl.retrying.deadline import Deadline
from notifyctl.values.positions import position
from tests.cli.network import FOREVER, Ear, Receiving, native

AUTHENTICATED = {"type": "authenticated", "success": True}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.retrying.backoff._FIRST_SECONDS", 0.001)
    monkeypatch.setattr("notifyctl.listening.link._CLOSE_SECONDS", 0.01)


class Server:
    """Plays one scene a connection; remembers what it was told."""

    def __init__(self, *scenes: Callable[[Any], Awaitable[None]]) -> None:
        self._scenes = list(scenes)
        self.heard: list[list[Any]] = []
        self.url = ""

    async def answer(self, request: Any) -> None:
        scene = self._scenes.pop(0)
        if getattr(scene, "status", None):
            await request.reject(scene.status)
            return
        websocket = await request.accept()
        self.heard.append([])
        await say(websocket, {"type": "connected", "connectionId": "c"})
        try:
            self.heard[-1].append(json.loads(await websocket.get_message()))
            await scene(websocket)
        except ConnectionClosed:
            pass

    async def hear(self, websocket: Any) -> Any:
        self.heard[-1].append(json.loads(await websocket.get_message()))


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[str]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            serve = functools.partial(serve_websocket, server.answer, "127.0.0.1", 0, ssl_context=None)
            listening = await nursery.start(serve)
            yield f"ws://127.0.0.1:{listening.port}"
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def tcp(serve: Callable[[trio.SocketStream], Awaitable[None]]) -> AsyncIterator[int]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            (listener,) = await nursery.start(functools.partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
            yield listener.socket.getsockname()[1]
            nursery.cancel_scope.cancel()


async def say(websocket: Any, message: Any) -> None:
    await websocket.send_message(json.dumps(message))


def notification(offset: int) -> Any:
    content = {"id": f"n_{offset}", "channel": "c", "data": {}, "timestamp": "t", "epoch": "e", "offset": offset}
    return {"type": "notification", "notification": content}


def subscribed(offset: int, **more: Any) -> Any:
    return {"type": "subscribed", "channel": "c", "position": {"epoch": "e", "offset": offset}, **more}


def scene(server: Server, *messages: Any, close: tuple[int, str] | None = None) -> Callable[[Any], Awaitable[None]]:
    """Let the subscriber in, hear its subscribe, say *messages*, and close or cut the link."""

    async def play(websocket: Any) -> None:
        await say(websocket, AUTHENTICATED)
        await server.hear(websocket)
        for message in messages:
            await say(websocket, message)
        if close is not None:
            await websocket.aclose(*close)

    return play


class Rejection:
    def __init__(self, status: int) -> None:
        self.status = status


def a_subscriber(url: str, since: str = "", notes: list[str] | None = None) -> Ear:
    places = Places(["c"], position(since) if since else None)
    return native(url, {"apiKey": "key"}, places, (notes if notes is not None else []).append)


async def listened(server: Server, *scenes: Any, since: str = "") -> tuple[list[int], list[str]]:
    """Offsets that came and notes that were made until the server said "done"."""
    server._scenes = list(scenes)
    got: list[int] = []
    notes: list[str] = []
    async with serving(server) as url:
        await a_subscriber(url, since, notes).run(lambda publication: got.append(publication["offset"]), FOREVER)
    return got, notes


DONE = (1000, "done")


async def test_it_resumes_every_time_where_it_was():
    server = Server()
    offsets, notes = await listened(
        server,
        scene(server, subscribed(4), notification(5), close=(1012, "drain")),
        scene(server, subscribed(7, replayed=2, recovered=True), notification(6), close=(4008, "slow")),
        scene(server, subscribed(7, replayed=1, recovered=True), notification(7), notification(8), close=DONE),
    )
    assert offsets == [5, 6, 7, 8]
    since = [heard[1].get("since") for heard in server.heard]
    assert since == [None, {"epoch": "e", "offset": 5}, {"epoch": "e", "offset": 6}]
    assert notes[0] == "The daemon closed the connection: 1012 drain. Trying again."
    assert notes.count("Listening again.") == 2


async def test_it_says_who_it_is_and_what_it_wants():
    server = Server()
    await listened(server, scene(server, subscribed(0), close=DONE), since="e:3")
    assert server.heard == [[
        {"type": "authenticate", "apiKey": "key"},
        {"type": "subscribe", "channel": "c", "requestId": "c", "since": {"epoch": "e", "offset": 3}},
    ]]  # fmt: skip


async def test_a_gap_is_said():
    server = Server()
    _, notes = await listened(server, scene(server, subscribed(9, recovered=False), close=DONE), since="old:3")
    assert "recovered is false" in notes[0]


async def test_a_link_that_breaks_before_anything_came_resumes_at_the_position_told():
    server = Server()
    cut = scene(server, subscribed(4), close=(1001, ""))
    await listened(server, cut, scene(server, subscribed(4), close=DONE))
    assert server.heard[1][1]["since"] == {"epoch": "e", "offset": 4}


async def refused(server: Server, *scenes: Any) -> Refusal:
    server._scenes = list(scenes)
    async with serving(server) as url:
        with pytest.raises(Refusal) as caught:
            await a_subscriber(url).run(print, FOREVER)
    return caught.value


@pytest.mark.parametrize(("code", "status"), [(4003, 4), (4004, 4), (4005, 4), (4000, 1)])
async def test_closes_that_are_final(code: int, status: int):
    server = Server()
    refusal = await refused(server, scene(server, close=(code, "why")))
    assert (refusal.status, "why" in refusal.message) == (status, True)


async def test_an_error_is_final():
    server = Server()
    error = {"type": "error", "code": "invalid_channel", "message": "no such name"}
    assert (await refused(server, scene(server, error))).status is Status.USAGE


@pytest.mark.parametrize(("http", "status"), [(401, 4), (403, 4), (404, 3), (503, 6), (502, 6)])
async def test_http_instead_of_a_websocket(http: int, status: int):
    assert (await refused(Server(), Rejection(http))).status == status


async def test_http_503_later_is_a_drop():
    server = Server()
    offsets, _ = await listened(
        server,
        scene(server, subscribed(4), notification(5), close=(1012, "")),
        Rejection(503),
        scene(server, subscribed(5), notification(6), close=DONE),
    )
    assert offsets == [5, 6]


async def test_nobody_at_first_is_unreachable():
    with pytest.raises(Refusal) as caught:
        await a_subscriber("ws://127.0.0.1:1").run(print, FOREVER)
    assert caught.value.status is Status.UNREACHABLE
    assert "refused" in caught.value.message


@pytest.mark.parametrize("url", ["ws://127.0.0.1:99999", "ws://[::1"])
async def test_what_is_no_url(url: str):
    with pytest.raises(Refusal) as caught:
        await a_subscriber(url).run(print, FOREVER)
    assert caught.value.status is Status.USAGE


async def test_what_does_not_speak_websocket():
    async def greet(stream: trio.SocketStream) -> None:
        await stream.send_all(b"220 mail ready\r\n\r\n")

    async with tcp(greet) as port:
        with pytest.raises(Refusal) as caught:
            await a_subscriber(f"ws://127.0.0.1:{port}").run(print, FOREVER)
    assert caught.value.status is Status.UNREACHABLE


async def test_a_deadline_ends_it_without_a_word():
    server = Server()

    async def silent(websocket: Any) -> None:
        await say(websocket, AUTHENTICATED)
        await trio.sleep_forever()

    server._scenes = [silent]
    async with serving(server) as url:
        await a_subscriber(url).run(print, Deadline.after(0.2))


async def test_a_dead_link_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.listening.link._PING_EVERY_SECONDS", 0.01)
    monkeypatch.setattr("notifyctl.listening.link._PONG_WITHIN_SECONDS", 0.05)
    notes: list[str] = []

    async def dead(stream: trio.SocketStream) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        (key,) = re.findall(rb"(?i)sec-websocket-key: (\S+)", head)
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        await stream.send_all(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        message = json.dumps(AUTHENTICATED).encode()
        await stream.send_all(bytes([0x81, len(message)]) + message)
        await trio.sleep_forever()  # as after a power cut: nothing is read, and nothing said

    async with tcp(dead) as port:
        with trio.CancelScope() as noticed:
            places = Places(["c"])

            def note(words: str) -> None:
                notes.append(words)
                noticed.cancel()

            await native(f"ws://127.0.0.1:{port}", {"apiKey": "key"}, places, note).run(print, FOREVER)
    assert notes == ["The link is dead: a ping was not answered. Trying again."]


def inbox(offset: int) -> Any:
    content = {"id": f"u_{offset}", "channel": None, "data": {}, "timestamp": "t", "epoch": "i", "offset": offset}
    return {"type": "notification", "notification": content}


def let_in(*messages: Any, close: tuple[int, str], **more: Any) -> Callable[[Any], Awaitable[None]]:
    """Let a user in whose inbox stands at 2, say *messages*, and close."""

    async def play(websocket: Any) -> None:
        standing = {"userId": "alice", "position": {"epoch": "i", "offset": 2}}
        for message in ({**AUTHENTICATED, **standing, **more}, *messages):
            await say(websocket, message)
        await websocket.aclose(*close)

    return play


async def inboxed(*scenes: Any) -> tuple[list[Any], list[str], list[Any]]:
    """What came, the notes, and what the server was told first on each connection."""
    server = Server(*scenes)
    got: list[Any] = []
    notes: list[str] = []
    async with serving(server) as url:
        await native(url, {"token": "t"}, Places([]), notes.append).run(got.append, FOREVER)
    return got, notes, [heard[0] for heard in server.heard]


async def test_a_user_is_given_the_inbox_and_resumes_in_it():
    got, _, told = await inboxed(
        let_in(inbox(1), close=(1012, "drain")), let_in(inbox(2), close=DONE, recovered=True, replayed=1)
    )
    assert [(each["id"], each["userId"], each["channel"]) for each in got] == [
        ("u_1", "alice", None),
        ("u_2", "alice", None),
    ]
    since = {"since": {"epoch": "i", "offset": 1}}
    assert told == [{"type": "authenticate", "token": "t"}, {"type": "authenticate", "token": "t", **since}]


async def test_an_inbox_that_cannot_be_resumed_is_said_and_nothing_is_printed_twice():
    got, notes, _ = await inboxed(
        let_in(inbox(1), close=(1012, "drain")), let_in(inbox(1), inbox(2), close=DONE, recovered=False, replayed=2)
    )
    assert [each["id"] for each in got] == ["u_1", "u_2"]
    assert [note for note in notes if "the inbox of alice: recovered is false" in note]


async def test_an_expired_token_is_final():
    error = {"type": "error", "code": "token_expired", "message": "the token has expired"}

    async def refuse(websocket: Any) -> None:
        await say(websocket, error)

    async with serving(Server(refuse)) as url:
        with pytest.raises(Refusal) as refused:
            await native(url, {"token": "t"}, Places([]), print).run(print, FOREVER)
    assert (refused.value.status, refused.value.code) == (Status.DENIED, "token_expired")


async def test_a_limit_that_our_own_lost_link_counts_to_passes():
    error = {"type": "error", "code": "too_many_connections", "message": "one too many"}

    async def full(websocket: Any) -> None:
        await say(websocket, error)
        await websocket.aclose(4006, "one too many")

    server = Server()
    offsets, notes = await listened(
        server,
        scene(server, subscribed(4), notification(5), close=(4009, "")),
        full,
        scene(server, subscribed(5), notification(6), close=DONE),
    )
    assert (offsets, notes[-1]) == ([5, 6], "Listening again.")
    assert (await refused(Server(), full)).status is Status.RATE_LIMITED


@pytest.mark.parametrize("message", ["no JSON", '{"type":"notification"}', '{"type":"subscribed"}', "[1]"])
async def test_what_is_no_notifyd_is_told(message: str):
    server = Server()

    async def play(websocket: Any) -> None:
        await say(websocket, AUTHENTICATED)
        await server.hear(websocket)
        await websocket.send_message(message)
        await websocket.aclose(1000, "")

    if message == "[1]":  # nothing of ours, and no harm
        await listened(server, play)
    else:
        refusal = await refused(server, play)
        assert (refusal.status, refusal.code) == (Status.FAILED, "not_notifyd")


async def test_pings_prove_nothing_while_nothing_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("notifyctl.listening.link._PING_EVERY_SECONDS", 0.001)
    monkeypatch.setattr("notifyctl.listening.link._PONG_WITHIN_SECONDS", 0.001)
    server = Server()
    begun, room, got = trio.Event(), trio.Event(), list[int]()
    watch = Link.watch

    async def once_begun(link: Link) -> None:
        """Before that everything is read, and no machine answers each ping so soon."""
        await begun.wait()
        await watch(link)

    monkeypatch.setattr(Link, "watch", once_begun)

    class Slow(Receiving):
        async def room(self) -> None:
            begun.set()
            await room.wait()

    async def play(websocket: Any) -> None:
        await scene(server, *(notification(offset) for offset in range(1, 9)))(websocket)
        await begun.wait()
        await trio.sleep(0.1)
        # from here on they do prove something, and are given their time
        monkeypatch.setattr("notifyctl.listening.link._PONG_WITHIN_SECONDS", 10.0)
        await trio.sleep(0.1)
        room.set()
        await trio.sleep_forever()

    server._scenes = [play]
    handler = Slow(lambda publication: got.append(publication["offset"]), 8)
    async with serving(server) as url:
        places, notes = Places(["c"]), list[str]()
        subscriber = Subscriber(Native(url, {"apiKey": "key"}, places, note=notes.append), note=notes.append)
        await bring(Network(subscriber, Desk(places, handler, notes.append)), handler, None, FOREVER)
    assert (got, notes) == (list(range(1, 9)), [])
