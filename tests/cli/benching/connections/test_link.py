"""Connections of a load, to a server that another library makes."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from notifyctl.benching.connections.crowd import crowd
from notifyctl.benching.connections.link import Link, open_link
from notifyctl.benching.connections.marks import Mark, Notification, begun_at
from notifyctl.benching.connections.place import Door, Failed, Place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from trio_websocket import WebSocketConnection

MARK = Mark("1234abcd")


def publication(at: float, offset: int = 1, mark: Mark = MARK) -> str:
    data = json.loads(mark.data(at, 100))
    return json.dumps({"type": "notification", "notification": {"data": data, "epoch": "e", "offset": offset}})


async def greet(socket: WebSocketConnection, answers: dict[str, Any]) -> None:
    """Say what the daemon says up to the subscription."""
    await socket.send_message(json.dumps({"type": "connected", "connectionId": "c"}))
    for _ in range(2):
        said = json.loads(await socket.get_message())
        answer = {"authenticate": {"type": "authenticated"}, "subscribe": {"type": "subscribed"}} | answers
        await socket.send_message(json.dumps(answer[said["type"]]))


@asynccontextmanager
async def served(then: Callable[[WebSocketConnection], Awaitable[None]], **answers: Any) -> AsyncIterator[Door]:
    """A way to a server that greets and goes on with *then*."""

    async def serve(request: WebSocketRequest) -> None:
        socket = await request.accept()
        try:
            await greet(socket, answers)
            await then(socket)
        except ConnectionClosed:
            return

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            server = await nursery.start(serve_websocket, serve, "127.0.0.1", 0, None)
            yield Door(Place("ws", "127.0.0.1", server.port, "/"))
            nursery.cancel_scope.cancel()


async def subscribed(door: Door, receive: Callable[[Link, Notification], None]) -> Link:
    link = await open_link(door, MARK, receive)
    await link.authenticate("key")
    await link.subscribe("c")
    return link


async def idle(socket: WebSocketConnection) -> None:
    await trio.sleep_forever()


async def test_publications_of_the_run_are_heard_and_no_others():
    heard: list[tuple[float, int]] = []
    three = trio.Event()

    async def publish(socket: WebSocketConnection) -> None:
        for message in (publication(1.5), publication(9, mark=Mark("other")), publication(2.5, 2), publication(3.5, 3)):
            await socket.send_message(message)
        await trio.sleep_forever()

    def receive(link: Link, notification: Notification) -> None:
        heard.append((begun_at(notification), notification.offset))
        if len(heard) == 3:
            three.set()

    async with served(publish) as door, crowd(lambda link: None) as listening:
        listening.add(await subscribed(door, receive))
        await three.wait()
    assert heard == [(1.5, 1), (2.5, 2), (3.5, 3)]


async def test_pings_are_answered():
    answered = trio.Event()

    async def ping(socket: WebSocketConnection) -> None:
        await socket.ping(b"are you there?")
        answered.set()
        await trio.sleep_forever()

    async with served(ping) as door, crowd(lambda link: None) as listening:
        listening.add(await subscribed(door, lambda link, notification: None))
        await answered.wait()


@pytest.mark.parametrize(("code", "kind"), [(4008, "closed_4008"), (1012, "closed_1012")])
async def test_a_close_is_told_with_its_code(code: int, kind: str):
    lost: list[str] = []
    gone = trio.Event()

    def ended(link: Link) -> None:
        lost.append(link.ended)
        gone.set()

    async with served(lambda socket: socket.aclose(code)) as door, crowd(ended) as listening:
        listening.add(await subscribed(door, lambda link, notification: None))
        await gone.wait()
        assert len(listening) == 0
    assert lost == [kind]


async def test_a_refusal_has_the_daemon_s_code():
    error = {"type": "error", "code": "invalid_api_key", "message": "The key is wrong."}
    async with served(idle, authenticate=error) as door:
        link = await open_link(door, MARK)
        with pytest.raises(Failed, match=r"The key is wrong\.") as failed:
            await link.authenticate("key")
        link.pipe.abort()
    assert failed.value.kind == "invalid_api_key"


async def test_something_that_is_no_websocket_is_told():
    async def speak(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, speak, [listener])
        with pytest.raises(Failed) as failed:
            await open_link(Door(Place("ws", "127.0.0.1", listener.socket.getsockname()[1], "/")), MARK)
        nursery.cancel_scope.cancel()
    assert failed.value.kind == "http_404"
