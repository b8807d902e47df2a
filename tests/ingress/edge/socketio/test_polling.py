"""Polling: what is refused, what is bounded, and who notices that a peer is gone."""

from __future__ import annotations

import json
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.ingress.edge.socketio.settings import EngineSettings
from notifyd.wire.socketio.engineio import EngineRules, polling_text
from tests.ingress.edge.socketio.drivers import Link, Peer, engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.ingress.edge.socketio.engine_api import EngineLink, Step


class Kept:
    """An Engine.IO application with one connection, which a test plays with."""

    def __init__(self) -> None:
        self.link: EngineLink
        self.told: list[Any] = []
        self.step: Step = None
        self.busy = False
        self.due = math.inf

    def on_deadline(self, now: float) -> None:
        self.told.append("due")
        self.due = math.inf

    def accept(self, request: Any) -> Kept:
        return self

    def opened(self, link: EngineLink) -> None:
        self.link = link

    def text(self, data: bytes) -> Step:
        assert not self.busy, "handlers are never called twice at once"
        self.told.append(data)
        if data == b"fail":
            raise RuntimeError("as a test wishes")
        return self.step

    def binary(self, data: bytes) -> Step:
        self.told.append(data)
        return None

    def pong(self) -> None:
        self.told.append("pong")

    def transport_changed(self) -> None:
        self.told.append("transport changed")

    def closed(self, reason: str) -> None:
        assert not self.busy, "nor is their end told meanwhile"
        self.told.append(reason)


@asynccontextmanager
async def kept(**settings: Any) -> AsyncIterator[tuple[Kept, Peer]]:
    app = Kept()
    async with engine(app, **settings) as peer:
        await peer.begin()
        yield app, peer


@asynccontextmanager
async def held_poll(peer: Peer) -> AsyncIterator[Link]:
    before = peer.served.server.counts.requests
    async with peer.link() as link:
        await link.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % peer.url("polling").encode())
        await peer.served.until(lambda: peer.served.server.counts.requests == before + 1)
        yield link


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("GET", "EIO=4&transport=constructor", 0),
        ("GET", "EIO=4", 0),
        ("GET", "", 0),
        ("GET", "EIO=4&transport=polling&sid=unknown", 1),
        ("GET", "EIO=4&transport=polling&sid=" + "x" * 7000, 1),
        ("GET", "EIO=4&transport=polling&sid=%00%ff", 1),
        ("POST", "EIO=4&transport=polling", 2),
        ("HEAD", "EIO=4&transport=polling", 2),
        ("GET", "EIO=4&transport=websocket", 3),
        ("GET", "EIO=3&transport=polling", 5),
        ("GET", "transport=polling", 5),
        ("GET", "EIO=4&EIO=5&transport=polling", 5),
    ],
)
async def test_refusals_are_engine_ios_own(method: str, query: str, code: int) -> None:
    async with engine() as peer, peer.link() as link:
        await link.send(f"{method} /engine.io/?{query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        answer = await link.answer(to_head=method == "HEAD")
        assert answer.status == 400
        assert method == "HEAD" or json.loads(answer.body)["code"] == code


async def test_parameters_that_are_ignored_and_a_path_without_its_slash() -> None:
    async with engine(path="/some/where") as peer:
        for path in ("/some/where", "/some/where/"):
            answer = await peer.ask("GET", path + "?t=abc&b64=1&j=0&transport=polling&EIO=4&token=x")
            assert (answer.status, answer.headers[b"cache-control"]) == (200, b"no-store")
        assert (await peer.ask("GET", "/some/where/else?EIO=4&transport=polling")).body == b"not ours"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
async def test_a_session_takes_get_and_post_alone(method: str) -> None:
    async with kept() as (_, peer), peer.link() as link:
        await link.send(f"{method} {peer.url('polling')} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert (await link.answer(to_head=method == "HEAD")).status == 400


@pytest.mark.parametrize("body", [b"", b"\x1e", b"4a\x1e", b"7", b"\xff", b"4\xff", b"b===", b"0", b"2", b"5"])
async def test_what_is_no_packet_ends_the_session(body: bytes) -> None:
    async with kept() as (app, peer):
        answer = await peer.ask("POST", peer.url("polling"), body)
        assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)
        assert app.told[-1] == "parse error"
        assert (await peer.poll())[0] == 400


async def test_a_noop_and_a_pong_that_nobody_asked_for_change_nothing() -> None:
    async with kept() as (app, peer):
        assert await peer.post("6\x1e3\x1e4a") == (200, "ok")
        assert app.told == ["pong", b"a"]


async def test_a_body_over_the_bound_is_refused() -> None:
    async with kept(rules={"max_payload_bytes": 10}) as (app, peer):
        assert (await peer.post("4" + "x" * 10))[0] == 400
        assert await peer.post("4" + "x" * 9) == (200, "ok")
        assert app.told == [b"x" * 9]


async def test_an_answer_keeps_to_the_bound_too() -> None:
    async with kept(rules={"max_payload_bytes": 10}) as (app, peer):
        for number in range(5):
            app.link.put(polling_text(b"%d23" % number))
        app.link.put(polling_text(b"x" * 20))
        assert [await peer.poll() for _ in range(4)] == [
            (200, "4023\x1e4123"),
            (200, "4223\x1e4323"),
            (200, "4423"),
            (200, "4" + "x" * 20),
        ]


async def test_a_poll_is_answered_with_what_is_put_together() -> None:
    async with kept() as (app, peer), held_poll(peer) as link:
        app.link.put(polling_text(b"a"))
        app.link.put(polling_text(b"b"))
        assert app.link.pending_bytes == 6
        assert (await link.answer()).body == b"4a\x1e4b"
        assert app.link.pending_bytes == 0
        assert app.link.sent_bytes > 5


async def test_one_connection_polls_and_posts_for_ever() -> None:
    async with engine() as peer:
        await peer.begin()
        async with peer.link() as link:
            for number in range(20):
                assert (await link.request("POST", peer.url("polling"), b"4%d" % number)).body == b"ok"
                assert (await link.request("GET", peer.url("polling"))).body == b"4%d" % number


async def test_a_slow_consumer_is_told_by_put() -> None:
    async with kept(rules={"queue_bytes": 100}) as (app, peer):
        assert app.link.put(b"4" + b"x" * 200 + b"\x1e"), "the first to wait is kept, however long"
        assert not app.link.put(polling_text(b"x"))
        app.link.close(4008, "slow consumer")
        assert await peer.poll() == (200, "4" + "x" * 200 + "\x1e1")
        assert (await peer.poll())[0] == 400
        assert app.told == ["transport close"]


async def test_after_the_end_nothing_is_kept() -> None:
    async with kept() as (app, peer):
        app.link.close(1000, "")
        app.link.close(1000, "")
        app.link.ping()
        assert app.link.put(polling_text(b"late"))
        assert await peer.poll() == (200, "1")
        await peer.served.until(lambda: app.told == ["transport close"])


async def test_the_end_is_told_from_no_call_of_the_application() -> None:
    async with kept() as (app, peer):
        app.link.close(1000, "")
        assert app.told == []
        await peer.served.until(lambda: app.told == ["transport close"])


async def test_an_end_that_nobody_polls_for_is_forgotten() -> None:
    async with kept(rules={"ping_interval_seconds": 0.05, "ping_timeout_seconds": 0.05}) as (app, peer):
        server = peer.served.app.engine
        app.link.close(1000, "")
        assert server.session_count == 1
        await peer.served.until(lambda: server.session_count == 0)
        assert (await peer.poll())[0] == 400


async def test_two_posts_at_once_end_the_session() -> None:
    going_on = trio.Event()
    async with kept() as (app, peer), trio.open_nursery() as nursery:
        app.step = going_on.wait()  # the first message takes its time
        nursery.start_soon(peer.post, "4first")
        await peer.served.until(lambda: app.told == [b"first"])
        app.busy, app.step = True, None
        assert (await peer.post("4second"))[0] == 400
        assert app.told == [b"first"]
        app.busy = False
        going_on.set()
        await peer.served.until(lambda: app.told == [b"first", "transport error"])


async def test_packets_wait_for_a_step_and_the_answer_for_all() -> None:
    going_on = trio.Event()
    async with kept() as (app, peer), trio.open_nursery() as nursery, peer.link() as link:
        app.step = going_on.wait()
        await link.send(
            b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n4a\x1e4b" % peer.url("polling").encode()
        )
        await peer.served.until(lambda: app.told == [b"a"])
        app.step = None
        nursery.start_soon(trio.lowlevel.checkpoint)
        going_on.set()
        assert (await link.answer()).body == b"ok"
        assert app.told == [b"a", b"b"]


async def test_thousands_of_packets_in_one_payload() -> None:
    async with kept() as (app, peer):
        assert await peer.post("\x1e".join(f"4{number}" for number in range(5000))) == (200, "ok")
        assert app.told == [b"%d" % number for number in range(5000)]


async def raising() -> None:
    raise RuntimeError("as a test wishes")


@pytest.mark.parametrize("step", [False, True])
async def test_a_handler_that_fails_ends_its_session_alone(step: bool) -> None:
    async with kept() as (app, peer):
        with capture_logs() as logs:
            app.step = raising() if step else None
            assert (await peer.post("4a" if step else "4fail"))[0] == 400
        assert [line["event"] for line in logs] == ["engine_handler_failed"]
        assert app.told[-1] == "transport error"
        assert (await peer.poll())[0] == 400
        assert (await peer.begin())["sid"]


async def test_silence_is_not_held_against_a_peer_that_waits_for_us() -> None:
    going_on = trio.Event()
    rules = {"ping_interval_seconds": 0.05, "ping_timeout_seconds": 0.05}
    async with kept(rules=rules) as (app, peer), trio.open_nursery() as nursery:
        app.step = going_on.wait()
        nursery.start_soon(peer.post, "4a")
        await trio.sleep(0.3)
        assert app.told == [b"a"]
        going_on.set()
        await peer.served.until(lambda: app.told == [b"a", "ping timeout"])


async def test_a_peer_that_sends_much_behind_its_poll_is_given_up() -> None:
    async with kept() as (app, peer), held_poll(peer) as link:
        await link.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5000)
        await peer.served.until(lambda: app.told == ["transport error"])
        assert await link.rest() == b""


async def test_requests_behind_a_poll_are_answered_after_it() -> None:
    async with kept() as (app, peer), held_poll(peer) as link:
        await link.send(b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
        app.link.put(polling_text(b"a"))
        assert (await link.answer()).body == b"4a"
        assert (await link.answer()).body == b"not ours"


async def test_a_drain_ends_polls_and_refuses_newcomers() -> None:
    async with kept() as (app, peer), held_poll(peer) as link:
        peer.served.app.engine.drain(1012, "restart")
        assert (await link.answer()).body == b"1"
        assert (await peer.ask("GET", peer.url("polling", ""))).status == 503
        async with peer.link() as other:
            assert await other.upgrade_at(peer.url("websocket", "")) == 503
        assert app.told == ["transport close"]


async def test_sessions_are_bounded() -> None:
    async with engine(max_sessions=2) as peer:
        sids = {(await peer.begin())["sid"] for _ in range(2)}
        assert len(sids) == 2
        answer = await peer.ask("GET", peer.url("polling", ""))
        assert (answer.status, answer.headers[b"retry-after"]) == (503, b"5")
        await peer.post("1")
        assert await peer.poll() == (200, "6")
        await peer.begin()
        assert peer.served.app.engine.connection_count == 2


async def test_sessions_that_nobody_comes_back_to_are_collected() -> None:
    rules = {"ping_interval_seconds": 0.02, "ping_timeout_seconds": 0.02}
    async with engine(rules=rules) as peer:
        for _ in range(20):
            await peer.begin()
        server = peer.served.app.engine
        await peer.served.until(lambda: server.session_count == server.connection_count == 0)


async def test_a_ping_out_of_turn_and_its_mark() -> None:
    async with kept() as (app, peer):
        proven: list[str] = []
        app.link.put(polling_text(b"a"))
        app.link.ping(lambda: proven.append("a"))
        app.link.put(polling_text(b"b"))
        app.link.ping(lambda: proven.append("b"))
        app.link.ping()
        assert await peer.poll() == (200, "4a\x1e2\x1e4b\x1e2")
        await peer.post("3")
        assert proven == ["a"]
        await peer.post("3\x1e3")
        assert proven == ["a", "b"]


async def test_other_settings_count_for_connections_to_come() -> None:
    async with kept() as (_, peer):
        old = peer.url("polling")
        peer.served.app.engine.configure(EngineSettings(path="/engine.io/", rules=EngineRules(max_payload_bytes=5)))
        assert (await peer.begin())["maxPayload"] == 5
        assert (await peer.post("4" + "x" * 5))[0] == 400
        assert (await peer.ask("POST", old, b"4" + b"x" * 5)).body == b"ok"


@pytest.mark.parametrize("moved", [False, True])
async def test_a_handler_may_have_a_deadline_of_its_own(moved: bool) -> None:
    async with kept() as (app, peer):
        app.due = trio.current_time() + 0.02
        app.link.look_at_due()
        if moved:
            app.due = trio.current_time() + 0.1
        await peer.served.until(lambda: app.told == ["due"])
        assert await peer.post("4a") == (200, "ok")
