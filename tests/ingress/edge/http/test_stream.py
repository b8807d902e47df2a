"""Answers without an end."""

from __future__ import annotations

from typing import Any

import trio
from structlog.testing import capture_logs

from tests.ingress.edge.edge_harness import GET, EchoApp, serving


class Ticker:
    """Starts, and then does as it was told."""

    def __init__(self, then: Any = None) -> None:
        self.then = then
        self.started = trio.Event()
        self.over = trio.Event()

    async def run(self, stream: Any) -> None:
        self.stream = stream
        stream.start(200, b"text/event-stream", ((b"Cache-Control", b"no-store"),))
        self.started.set()
        if self.then is not None:
            self.then(stream)
        else:
            await stream.wait_closed()
        self.over.set()


def streaming(ticker: Ticker) -> EchoApp:
    app = EchoApp()
    app.answer = lambda request: None
    app.streamed = lambda request: ticker
    return app


async def test_what_is_put_arrives_at_once() -> None:
    ticker = Ticker()
    async with serving(streaming(ticker)) as served, served.connect() as peer:
        answer = await peer.ask(GET)
        assert answer.headers[b"content-type"] == b"text/event-stream"
        assert answer.headers[b"connection"] == b"close"
        assert ticker.stream.put(b"data: 1\n\n")
        assert await peer.take(9) == b"data: 1\n\n"
        assert served.server.counts.streams == 1


async def test_the_end_of_run_ends_the_answer_after_everything_was_written() -> None:
    ticker = Ticker(lambda stream: stream.put(bytes(5_000_000)))
    async with serving(streaming(ticker)) as served, served.connect() as peer:
        await peer.ask(GET)
        assert await peer.rest() == bytes(5_000_000)
        await peer.end()
        await served.until(lambda: served.server.counts.open == 0)


async def test_close_ends_the_wait() -> None:
    ticker = Ticker()
    async with serving(streaming(ticker)) as served, served.connect() as peer:
        await peer.ask(GET)
        ticker.stream.put(b"last")
        ticker.stream.close()
        assert await peer.rest() == b"last"
        await ticker.over.wait()


async def test_abort_ends_the_wait_and_the_connection() -> None:
    ticker = Ticker()
    async with serving(streaming(ticker)) as served, served.connect() as peer:
        await peer.ask(GET)
        ticker.stream.abort()
        assert await peer.rest() == b""
        await ticker.over.wait()


async def test_a_peer_that_leaves_ends_the_wait() -> None:
    ticker = Ticker()
    async with serving(streaming(ticker)) as served, served.connect() as peer:
        await peer.ask(GET)
        await peer.send(b"whatever it says is thrown away")
        await peer.stream.aclose()
        await ticker.over.wait()


async def test_a_slow_consumer_is_told_apart() -> None:
    ticker = Ticker()
    async with serving(streaming(ticker), websocket={"outbox_bytes": 100_000}) as served, served.connect() as peer:
        await peer.ask(GET)
        while ticker.stream.put(bytes(50_000)):
            pass
        assert 0 < ticker.stream.pending_bytes <= 100_000
        ticker.stream.abort()
        await served.until(lambda: served.server.counts.open == 0)


async def test_a_handler_that_fails_breaks_the_answer_off() -> None:
    ticker = Ticker(lambda stream: 1 // 0)
    with capture_logs() as logs:
        async with serving(streaming(ticker)) as served, served.connect() as peer:
            await peer.send(GET)
            await peer.rest()
    assert [line["event"] for line in logs] == ["stream_handler_failed"]


async def test_a_stream_is_begun_after_the_answers_before_it() -> None:
    ticker = Ticker(lambda stream: stream.put(b"stream"))
    app = streaming(ticker)
    app.answer = lambda request: EchoApp().answer(request) if request.path == "/plain" else None
    async with serving(app) as served, served.connect() as peer:
        plain = GET.replace(b"/ ", b"/plain ")
        await peer.send(plain + GET + plain)
        assert (await peer.answer()).headers[b"content-type"] == b"text/plain"
        assert (await peer.answer()).headers[b"content-type"] == b"text/event-stream"
        assert await peer.rest() == b"stream"
