"""Publishing over REST, to a server that answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from notifyctl.benching.connections.place import Door, Failed, Place
from notifyctl.benching.publishing.posting import Poster

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def served(*answers: bytes) -> AsyncIterator[tuple[Poster, list[bytes]]]:
    """A poster to a server that gives *answers*, one for each request, and what it was sent."""
    left, heard = list(answers), []

    async def serve(stream: trio.SocketStream) -> None:
        async for data in stream:
            heard.append(bytes(data))
            if not left or not (answer := left.pop(0)):
                return
            await stream.send_all(answer)

    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        poster = Poster(Door(Place("http", "127.0.0.1", listener.socket.getsockname()[1], "/")), "secret")
        yield poster, heard
        poster.close()
        nursery.cancel_scope.cancel()


async def test_one_and_a_batch_over_one_connection():
    async with served(ACCEPTED, ACCEPTED) as (poster, heard):
        await poster.publish("c", ['{"n":1}'])
        await poster.publish("c", ['{"n":1}', "2"])
    first, second = heard
    assert first.startswith(b"POST /api/notifications HTTP/1.1\r\n")
    assert b"X-API-Key: secret\r\n" in first
    assert first.endswith(b'\r\n\r\n{"channel":"c","data":{"n":1}}')
    assert second.startswith(b"POST /api/notifications/batch HTTP/1.1\r\n")
    assert second.endswith(b'{"notifications":[{"channel":"c","data":{"n":1}},{"channel":"c","data":2}]}')


async def test_a_refusal_keeps_the_connection():
    body = b'{"success":false,"error":{"code":"queue_full","message":"It is full."}}'
    full = b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with served(full, ACCEPTED) as (poster, heard):
        with pytest.raises(Failed) as failed:
            await poster.publish("c", ["1"])
        await poster.publish("c", ["2"])
    assert (failed.value.kind, failed.value.gone, failed.value.retry_after_seconds) == ("queue_full", False, 3)
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "connection_lost"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\noops!", "http_502"),
        (b"nonsense\r\n\r\n", "protocol_error"),
    ],
)
async def test_other_endings_are_named(answer: bytes, kind: str):
    async with served(answer) as (poster, _):
        with pytest.raises(Failed) as failed:
            await poster.publish("c", ["1"])
    assert failed.value.kind == kind


async def test_nobody_there_is_a_refused_connection():
    with trio.socket.socket() as free:
        await free.bind(("127.0.0.1", 0))
        poster = Poster(Door(Place("http", "127.0.0.1", free.getsockname()[1], "/")), "secret")
        with pytest.raises(Failed) as failed:
            await poster.publish("c", ["1"])
    assert (failed.value.kind, failed.value.gone) == ("connection_refused", True)
