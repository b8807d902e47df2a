"""The ASGI loop, with bare applications and with Starlette."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from tests.ingress.edge.edge_harness import GET, asgi_app, serving, whole_talk

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


def answering(*bodies: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Any:
    """An application that answers with *bodies*, one event each."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for body in bodies[:-1]:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": bodies[-1]})

    return asgi_app(app)


async def test_the_scope() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await answering(b"").asgi(scope, receive, send)

    async with serving(asgi_app(app)) as served, served.connect() as peer:
        await peer.ask(b"PATCH /a%20b?c HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n")
    scope = seen[0]
    assert (scope["type"], scope["method"], scope["path"], scope["query_string"]) == ("http", "PATCH", "/a b", b"c")
    assert (scope["raw_path"], scope["http_version"], scope["scheme"]) == (b"/a%20b", "1.1", "http")
    assert scope["headers"] == [(b"host", b"a"), (b"x-y", b"z")]
    assert scope["client"][0] == "127.0.0.1"


async def test_one_piece_gets_a_length() -> None:
    async with serving(answering(b"hello")) as served, served.connect() as peer:
        for _ in range(2):
            answer = await peer.ask(GET)
            assert (answer.headers[b"content-length"], answer.body) == (b"5", b"hello")


async def test_several_pieces_are_chunked() -> None:
    talk = await whole_talk(
        GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), app=answering(b"he", b"", b"llo")
    )
    assert b"transfer-encoding: chunked\r\n" in talk
    assert talk.endswith(b"\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")


async def test_several_pieces_end_with_the_connection_for_http_1_0() -> None:
    talk = await whole_talk(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", app=answering(b"he", b"llo"))
    assert b"chunked" not in talk
    assert b"Connection: close\r\n" in talk
    assert talk.endswith(b"\r\n\r\nhello")


async def test_a_length_that_the_application_gives_is_kept() -> None:
    app = answering(
        b"he", b"llo", headers=((b"Content-Length", b"5"), (b"Connection", b"x"), (b"Transfer-Encoding", b"y"))
    )
    async with serving(app) as served, served.connect() as peer:
        answer = await peer.ask(GET)
        assert answer.body == b"hello"
        assert b"transfer-encoding" not in answer.headers
        assert (await peer.ask(GET)).body == b"hello"


@pytest.mark.parametrize("bodies", [(b"hel",), (b"hello!",), (b"hello", b"!")])
async def test_a_body_that_breaks_its_length_breaks_the_connection(bodies: tuple[bytes, ...]) -> None:
    with capture_logs() as logs:
        talk = await whole_talk(GET, app=answering(*bodies, headers=((b"content-length", b"5"),)))
    assert len(talk.partition(b"\r\n\r\n")[2]) <= 5
    assert len(logs) <= 1


async def test_head_has_the_headers_and_no_body() -> None:
    async with serving(answering(b"he", b"llo")) as served, served.connect() as peer:
        await peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer(to_head=True)).headers[b"transfer-encoding"] == b"chunked"
        await peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer(to_head=True)).status == 200


async def test_204_has_neither_body_nor_length() -> None:
    async with (
        serving(answering(b"x", status=204, headers=((b"content-length", b"1"),))) as served,
        served.connect() as peer,
    ):
        for _ in range(2):
            assert b"content-length" not in (await peer.ask(GET)).headers


async def test_a_date_of_the_application_stands_alone() -> None:
    talk = await whole_talk(b"GET / HTTP/1.0\r\n\r\n", app=answering(b"", headers=((b"date", b"now"),)))
    assert talk.lower().count(b"date:") == 1


async def test_100_continue_only_when_the_body_is_read() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/read":
            await receive()
        await answering(b"done").asgi(scope, receive, send)

    async with serving(asgi_app(app), http={"buffered_body_bytes": 10}) as served:
        async with served.connect() as peer:
            await peer.send(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n")
            assert (await peer.answer()).status == 100
            await peer.send(bytes(20))
            assert (await peer.answer()).status == 200
        async with served.connect() as peer:
            await peer.send(b"POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n")
            answer = await peer.answer()
            assert (answer.status, answer.headers[b"connection"]) == (200, b"close")


async def test_an_unread_body_closes_the_connection_and_the_answer_is_seen() -> None:
    async with serving(answering(b"done"), http={"buffered_body_bytes": 10}) as served, served.connect() as peer:
        await peer.send(HEAD + b"Content-Length: 500000\r\n\r\n" + bytes(500_000))
        assert (await peer.answer()).headers[b"connection"] == b"close"
        await peer.end()
        assert await peer.rest() == b""


async def test_a_large_body_is_streamed_with_backpressure() -> None:
    released = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await released.wait()
        total, more = 0, True
        while more:
            event = await receive()
            total, more = total + len(event["body"]), event["more_body"]
            assert len(event["body"]) <= 65536
        await answering(b"%d" % total).asgi(scope, receive, send)

    settings = {"buffered_body_bytes": 10, "max_body_bytes": 30_000_000}
    async with (
        serving(asgi_app(app), http=settings) as served,
        served.connect() as peer,
        trio.open_nursery() as nursery,
    ):
        size = 20_000_000
        sent = trio.Event()

        async def send() -> None:
            await peer.send(HEAD + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
            sent.set()

        nursery.start_soon(send)
        await served.until(lambda: served.server.counts.requests == 1)
        assert not sent.is_set()
        released.set()
        assert (await peer.answer()).body == b"%d" % size


async def test_a_bad_body_is_answered_for_the_application() -> None:
    async with serving(asgi_app(reading), http={"buffered_body_bytes": 10}) as served, served.connect() as peer:
        await peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n20\r\n" + bytes(32) + b"\r\n")
        assert (await peer.ask(b"nonsense\r\n")).status == 400
        assert await peer.rest() == b""


async def reading(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body as Starlette does, and answers."""
    async for _ in Request(scope, receive).stream():
        pass
    await answering(b"done").asgi(scope, receive, send)


@pytest.mark.parametrize("started", [False, True])
async def test_an_application_that_fails(started: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise RuntimeError

    with capture_logs() as logs:
        talk = await whole_talk(GET, app=asgi_app(app))
    assert [line["event"] for line in logs] == ["request_failed"]
    assert talk.startswith(b"HTTP/1.1 200" if started else b"HTTP/1.1 500") or not talk
    assert b"0\r\n\r\n" not in talk


async def test_an_application_that_says_nothing_is_a_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    assert (await whole_talk(GET, app=asgi_app(app))).startswith(b"HTTP/1.1 500")


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "http.response.body", "body": b""}],
        [{"type": "http.response.start", "status": 200}] * 2,
        [{"type": "websocket.accept"}],
        [
            {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]},
            {"type": "http.response.body"},
        ],
    ],
)
async def test_events_out_of_place_are_a_500(events: list[dict[str, Any]]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for event in events:
            await send(event)

    with capture_logs():
        assert (await whole_talk(GET, app=asgi_app(app))).startswith(b"HTTP/1.1 500")


async def test_the_application_learns_that_its_peer_has_left() -> None:
    learned = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert (await receive())["type"] == "http.disconnect"
        learned.set()

    async with serving(asgi_app(app)) as served, served.connect() as peer:
        await peer.send(GET)
        await served.until(lambda: served.server.counts.requests == 1)
        await trio.aclose_forcefully(peer.stream)
        await learned.wait()


async def test_sending_to_a_peer_that_has_left_is_an_os_error() -> None:
    failed = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
        except OSError:
            failed.set()

    async with serving(asgi_app(app)) as served, served.connect() as peer:
        await peer.send(GET)
        await peer.take(100)
        await trio.aclose_forcefully(peer.stream)
        await failed.wait()


async def test_listening_for_a_disconnect_ends_with_the_answer_and_keeps_what_came() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                heard.append(await receive())

            nursery.start_soon(listen)
            await trio.testing.wait_all_tasks_blocked()
            await answering(b"done").asgi(scope, receive, send)

    heard: list[Any] = []
    async with serving(asgi_app(app)) as served, served.connect() as peer:
        await peer.send(GET * 3)
        for _ in range(3):
            assert (await peer.answer()).body == b"done"
        await served.until(lambda: heard == [{"type": "http.disconnect"}] * 3)


async def test_a_drain_is_no_disconnect() -> None:
    finish = trio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        async with trio.open_nursery() as nursery:

            async def listen() -> None:
                heard.append(await receive())

            nursery.start_soon(listen)
            await finish.wait()
            await answering(b"done").asgi(scope, receive, send)

    heard: list[Any] = []
    server = serving(asgi_app(app), http={"linger_seconds": 0.1})
    async with server as served, served.connect() as peer, trio.open_nursery() as nursery:
        await peer.send(GET)
        await served.until(lambda: served.server.counts.requests == 1)
        nursery.start_soon(served.server.drain, 5)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert heard == []
        finish.set()
        answer = await peer.answer()
        assert (answer.body, answer.headers[b"connection"]) == (b"done", b"close")


def starlette() -> Any:
    """An application of the kind that will run under the edge."""

    async def echo(request: Request) -> Response:
        return JSONResponse({"length": len(await request.body()), "query": dict(request.query_params)})

    async def stream(request: Request) -> Response:
        async def parts() -> Any:
            for part in (b"a", b"b", b"c"):
                yield part

        return StreamingResponse(parts())

    async def broken(request: Request) -> Response:
        raise RuntimeError

    async def upload(request: Request) -> Response:
        try:
            return Response(str(len(await request.body())))
        except ClientDisconnect:
            return Response("left")

    return Starlette(
        routes=[
            Route("/echo", echo, methods=["GET", "POST"]),
            Route("/stream", stream),
            Route("/broken", broken),
            Route("/upload", upload, methods=["POST"]),
        ]
    )


async def test_starlette_runs_on_it() -> None:
    async with serving(asgi_app(starlette())) as served, served.connect() as peer:
        answer = await peer.ask(b"POST /echo?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
        assert answer.body == b'{"length":2,"query":{"a":"b"}}'
        assert (await peer.ask(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")).status == 404
        assert (await peer.ask(b"DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n")).status == 405
        await peer.send(b"GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await peer.rest()).endswith(b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n")


async def test_what_starlette_does_with_an_exception_is_one_answer() -> None:
    with capture_logs() as logs:
        talk = await whole_talk(b"GET /broken HTTP/1.0\r\n\r\n", app=asgi_app(starlette()))
    assert talk.startswith(b"HTTP/1.1 500")
    assert [line["event"] for line in logs] == ["request_failed"]


async def test_starlette_and_a_bad_upload() -> None:
    async with serving(asgi_app(starlette()), http={"buffered_body_bytes": 10}) as served, served.connect() as peer:
        await peer.send(
            b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n" + bytes(32) + b"\r\n"
        )
        assert (await peer.ask(b"nonsense\r\n")).status == 400


async def test_an_upgrade_that_the_application_asks_for_is_told() -> None:
    app = answering(b"", status=426, headers=((b"upgrade", b"websocket"), (b"connection", b"Upgrade")))
    talk = await whole_talk(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), app=app)
    assert b"\r\nupgrade: websocket\r\n" in talk
    assert talk.count(b"\r\nConnection: upgrade\r\n") == talk.count(b"\r\nConnection: close\r\n") == 1
