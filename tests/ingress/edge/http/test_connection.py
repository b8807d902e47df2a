"""Requests and answers on one connection: order, pipelining, persistence, versions, failures."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.wire.http.answer import Answer
from tests.ingress.edge.edge_harness import GET, EchoApp, asgi_app, serving, whole_talk

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"


def post(body: bytes, extra: bytes = b"") -> bytes:
    return b"%sContent-Length: %d\r\n%s\r\n%s" % (HEAD, len(body), extra, body)


class Commit:
    """Answers that become known together."""

    def __init__(self) -> None:
        self.done = trio.Event()
        self.asked: list[bytes] = []

    def pending(self, body: bytes) -> Any:
        self.asked.append(body)
        return _Promise(self, body)


class _Promise:
    def __init__(self, commit: Commit, body: bytes) -> None:
        self.commit, self.body = commit, body

    @property
    def answer(self) -> Answer | None:
        return Answer(202, self.body) if self.commit.done.is_set() else None

    async def wait(self) -> Answer:
        await self.commit.done.wait()
        return Answer(202, self.body)


async def test_pipelined_requests_are_begun_together_and_answered_in_order() -> None:
    app, commit = EchoApp(), Commit()
    app.answer = lambda request: commit.pending(request.body)
    async with serving(app) as served, served.connect() as peer:
        await peer.send(b"".join(post(b"%d" % n) for n in range(8)))
        await served.until(lambda: len(commit.asked) == 8)
        commit.done.set()
        assert [(await peer.answer()).body for _ in range(8)] == [b"%d" % n for n in range(8)]


async def test_what_is_ready_does_not_wait_for_what_is_pending() -> None:
    app, commit = EchoApp(), Commit()
    app.answer = lambda request: commit.pending(b"") if request.body == b"slow" else Answer(200, request.body)
    async with serving(app) as served, served.connect() as peer:
        await peer.send(post(b"quick") + post(b"slow") + post(b"behind"))
        assert (await peer.answer()).body == b"quick"
        commit.done.set()
        assert (await peer.answer()).status == 202
        assert (await peer.answer()).body == b"behind"


async def test_joined_answers_are_one_write() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.send(post(b"a") + post(b"b") + post(b"c"))
        data = await peer.stream.receive_some(65536)
        assert data.count(b"HTTP/1.1 200 OK") == 3


async def test_more_requests_than_may_be_pipelined_are_all_answered() -> None:
    async with serving(http={"max_pipelined": 2}) as served, served.connect() as peer:
        await peer.send(b"".join(post(b"%d" % n) for n in range(7)))
        assert [(await peer.answer()).body for _ in range(7)] == [b"%d" % n for n in range(7)]


async def test_a_request_for_asgi_waits_for_those_before_it() -> None:
    app = EchoApp()
    app.answer = lambda request: None if request.body == b"asgi" else Answer(200, request.body)
    async with serving(app) as served, served.connect() as peer:
        await peer.send(post(b"1") + post(b"asgi") + post(b"3"))
        assert (await peer.answer()).body == b"1"
        assert (await peer.answer()).body == b"4"
        assert (await peer.answer()).body == b"3"


async def test_the_connection_is_kept() -> None:
    async with serving() as served, served.connect() as peer:
        for _ in range(3):
            answer = await peer.ask(GET)
            assert answer.status == 200
            assert b"connection" not in answer.headers
        assert served.server.counts.accepted == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
async def test_the_connection_is_closed_where_the_peer_says_so(data: bytes) -> None:
    talk = await whole_talk(data + GET)
    assert talk.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close\r\n" in talk


async def test_http_1_0_may_be_kept() -> None:
    async with serving() as served, served.connect() as peer:
        for _ in range(2):
            answer = await peer.ask(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
            assert answer.headers[b"connection"] == b"keep-alive"


async def test_an_answer_may_close() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(400, b"no", close=True)
    talk = await whole_talk(GET + GET, app=app)
    assert talk.count(b"HTTP/1.1 400") == 1
    assert talk.endswith(b"no")


async def test_head_tells_the_length_and_sends_nothing() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(200, b"hello")
    async with serving(app) as served, served.connect() as peer:
        await peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer(to_head=True)).headers[b"content-length"] == b"5"
        assert (await peer.ask(GET)).body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(status: int) -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(status, b"dropped", headers=((b"ETag", b'"1"'),))
    async with serving(app) as served, served.connect() as peer:
        for _ in range(2):
            answer = await peer.ask(GET)
            assert answer.status == status
            assert b"content-length" not in answer.headers


async def test_every_answer_has_a_date_and_a_server_only_where_wished() -> None:
    async with serving() as served, served.connect() as peer:
        answer = await peer.ask(GET)
        assert answer.headers[b"date"].endswith(b"GMT")
        assert b"server" not in answer.headers
    async with serving(http={"server_header": "notifyd"}) as served, served.connect() as peer:
        assert (await peer.ask(GET)).headers[b"server"] == b"notifyd"


async def test_a_request_as_the_application_sees_it() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.ask(
            b"PUT /a%20b%2F%ff?c=d&e HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2 \r\nContent-Length: 2\r\n\r\nhi"
        )
        request = served.app.requests[0]
        assert (request.method, request.path, request.query) == ("PUT", "/a b/�", b"c=d&e")
        assert (request.target, request.raw_path) == (b"/a%20b%2F%ff?c=d&e", b"/a%20b%2F%ff")
        assert request.header_all(b"x-one") == [b"1", b"2"]
        assert (request.header(b"x-two"), request.body, request.version) == (None, b"hi", "1.1")
        assert request.peer.host == "127.0.0.1"


async def test_100_continue_comes_when_the_body_is_wanted() -> None:
    async with serving() as served, served.connect() as peer:
        expecting = HEAD + b"Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n"
        assert (await peer.ask(expecting)).status == 100
        assert (await peer.ask(b"hello")).body == b"hello"


async def test_100_continue_keeps_its_place_behind_earlier_answers() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.send(post(b"first") + HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert (await peer.answer()).body == b"first"
        assert (await peer.answer()).status == 100


async def test_no_100_continue_for_a_body_that_came_unasked_or_is_too_large() -> None:
    async with serving() as served, served.connect() as peer:
        assert (await peer.ask(post(b"hi", b"Expect: 100-continue\r\n"))).status == 200
        assert (await peer.ask(HEAD + b"Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")).status == 413


async def test_an_application_that_fails_is_a_500_and_a_log_line() -> None:
    app = EchoApp()
    app.answer = lambda request: 1 // 0
    with capture_logs() as logs:
        talk = await whole_talk(GET, app=app)
    assert talk.startswith(b"HTTP/1.1 500")
    assert [line["event"] for line in logs] == ["request_failed"]


async def test_an_answer_that_would_split_is_a_500() -> None:
    app = EchoApp()
    app.answer = lambda request: Answer(200, headers=((b"X", b"a\r\nSet-Cookie: b"),))
    with capture_logs():
        talk = await whole_talk(GET, app=app)
    assert talk.startswith(b"HTTP/1.1 500")
    assert b"Set-Cookie" not in talk


async def test_a_pending_answer_that_fails_is_a_500() -> None:
    class Broken:
        answer = None

        async def wait(self) -> Answer:
            raise RuntimeError

    app = EchoApp()
    app.answer = lambda request: Broken()
    with capture_logs():
        assert (await whole_talk(GET, app=app)).startswith(b"HTTP/1.1 500")


async def test_a_peer_that_stops_sending_still_gets_its_answers() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.send(post(b"a") + post(b"b"))
        await peer.end()
        assert (await peer.rest()).count(b"HTTP/1.1 200") == 2


async def test_the_last_answer_is_seen_by_a_peer_that_goes_on_sending() -> None:
    async with serving() as served, served.connect() as peer:
        await peer.send(b"nonsense\r\n\r\n" + b"x" * 400_000)
        assert (await peer.answer()).status == 400
        await peer.end()
        assert await peer.rest() == b""


async def test_a_large_answer_waits_for_its_reader() -> None:
    app = EchoApp()
    large = bytes(3_000_000)
    app.answer = lambda request: Answer(200, large)
    async with serving(app) as served, served.connect() as peer:
        await peer.send(GET + GET)
        assert (await peer.answer()).body == large
        assert (await peer.answer()).body == large


async def test_a_body_larger_than_is_gathered_goes_to_asgi() -> None:
    async with serving(http={"buffered_body_bytes": 1000}) as served, served.connect() as peer:
        assert (await peer.ask(post(bytes(1000)))).body == bytes(1000)
        assert (await peer.ask(post(bytes(100_000)))).body == b"100000"
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        assert (
            await peer.ask(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk + b"0\r\n\r\n")
        ).body == b"131072"
        assert (await peer.ask(GET)).status == 200


async def test_a_chunked_body_is_bounded() -> None:
    async with serving(http={"max_body_bytes": 1000}) as served, served.connect() as peer:
        await peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        assert (await peer.ask(b"100\r\n" + bytes(256) + b"\r\n" + b"300\r\n" + bytes(768) + b"\r\n")).status == 413


async def test_a_drain_finishes_what_runs_and_closes_what_idles() -> None:
    app, commit = EchoApp(), Commit()
    app.answer = lambda request: commit.pending(request.body) if request.body else Answer(200)
    brief = {"linger_seconds": 0.1}
    async with serving(app, http=brief) as served, served.connect() as idle, served.connect() as busy:
        await idle.ask(GET)
        await busy.send(post(b"1") + post(b"2"))
        await served.until(lambda: len(commit.asked) == 2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(served.server.drain, 5)
            assert await idle.rest() == b""
            commit.done.set()
            first, second = await busy.answer(), await busy.answer()
            assert b"connection" not in first.headers
            assert second.headers[b"connection"] == b"close"
        with pytest.raises(OSError, match="connect"):
            await trio.open_tcp_stream("127.0.0.1", served.port)


async def test_a_drain_ends_under_its_deadline() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        await trio.sleep_forever()

    async with serving(asgi_app(never)) as served, served.connect() as peer:
        await peer.send(GET)
        await served.until(lambda: served.server.counts.requests == 1)
        await served.server.drain(0.1)
        assert await peer.rest() == b""
