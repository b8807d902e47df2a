"""Engine.IO on WebSocket from the start."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from structlog.testing import capture_logs

from notifyd.wire.socketio.engineio import websocket_text
from tests.ingress.edge.edge_harness import raw_frame
from tests.ingress.edge.socketio.drivers import Link, engine
from tests.ingress.edge.socketio.test_polling import Kept, raising

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Kept, Link]]:
    app = Kept()
    async with engine(app, **settings) as peer, peer.opened() as link:
        yield app, link


async def test_put_is_the_outboxes_own() -> None:
    async with opened() as (app, link):
        assert type(app.link.put.__self__).__name__ == "Outbox"  # type: ignore[attr-defined]
        assert app.link.put(websocket_text(b"a") + websocket_text(b"b"))
        assert await link.hear_all(2) == ["4a", "4b"]


@pytest.mark.parametrize("packet", ["0", "2", "5", "7", "b", "bAQID", "x", "é"])
async def test_what_a_peer_may_not_send(packet: str) -> None:
    async with opened() as (app, link):
        await link.say(packet)
        assert await link.hear() == "close 4000"
        await link.rest()
        assert app.told == ["parse error"]


async def test_max_payload_bounds_messages_whatever_the_edge_allows() -> None:
    async with opened(rules={"max_payload_bytes": 200_000}) as (app, link):
        await link.say("4" + "x" * 199_999)
        await link.say("4" + "x" * 200_000)
        assert await link.hear() == "close 1009"
        assert [len(told) for told in app.told[:1]] == [199_999]
    async with opened(rules={"max_payload_bytes": 10}) as (app, link):
        await link.say(b"x" * 11)
        assert await link.hear() == "close 1009"


async def test_frames_of_websocket_that_are_wrong_are_a_transport_error() -> None:
    async with opened() as (app, link):
        await link.send(raw_frame(0x83))
        assert await link.hear() == "close 1002"
        await link.rest()
        assert app.told == ["transport error"]


async def test_a_link_that_breaks_is_a_transport_close() -> None:
    app = Kept()
    async with engine(app) as peer:
        async with peer.opened():
            pass
        await peer.served.until(lambda: app.told == ["transport close"])
        assert peer.served.app.engine.connection_count == 0


async def test_a_close_of_ours_carries_code_and_reason() -> None:
    async with opened() as (app, link):
        app.link.close(4004, "token expired")
        first, payload = await link.frame()
        assert (first, payload) == (0x88, (4004).to_bytes(2, "big") + b"token expired")


async def test_marks_come_back_with_their_pongs() -> None:
    async with opened() as (app, link):
        proven: list[int] = []
        for number in range(3):
            app.link.ping(lambda number=number: proven.append(number))  # type: ignore[misc]
        assert await link.hear_all(3) == ["2", "2", "2"]
        for _ in range(4):
            await link.say("3")
        await link.say("4end")
        while b"end" not in app.told:
            await trio.lowlevel.checkpoint()
        assert proven == [0, 1, 2]
        assert app.told == ["pong"] * 4 + [b"end"]


async def test_an_interval_below_the_timeout_is_kept() -> None:
    async with opened(rules={"ping_interval_seconds": 0.05, "ping_timeout_seconds": 10.0}) as (_, link):
        started = trio.current_time()
        for _ in range(4):
            assert await link.hear() == "2"
            await link.say("3")
        assert trio.current_time() - started < 9


async def test_a_ping_out_of_turn_has_to_be_answered_in_time() -> None:
    rules = {"ping_interval_seconds": 1000.0, "ping_timeout_seconds": 0.05}
    async with opened(rules=rules) as (app, link):
        app.link.ping()
        assert await link.hear_all(2) == ["2", "close 4009"]


async def test_a_peer_that_owes_too_many_pongs() -> None:
    async with opened() as (app, link):
        for _ in range(257):
            app.link.ping(lambda: None)
        assert (await link.hear_all(257))[-1] == "close 4009"


async def test_messages_wait_for_a_step() -> None:
    going_on = trio.Event()
    async with opened() as (app, link):
        app.step = going_on.wait()
        await link.say("4a")
        await link.say("4b")
        while app.told != [b"a"]:
            await trio.lowlevel.checkpoint()
        app.step = None
        going_on.set()
        while app.told != [b"a", b"b"]:
            await trio.lowlevel.checkpoint()


async def test_silence_is_not_held_against_a_peer_that_waits_for_us() -> None:
    going_on = trio.Event()
    async with opened(rules={"ping_interval_seconds": 0.05, "ping_timeout_seconds": 0.1}) as (app, link):
        app.step = going_on.wait()
        await link.say("4a")
        assert await link.hear() == "2"
        await link.say("3")
        await trio.sleep(0.3)
        going_on.set()
        assert await link.hear() == "2"


@pytest.mark.parametrize("step", [False, True])
async def test_a_handler_that_fails(step: bool) -> None:
    async with opened() as (app, link):
        with capture_logs() as logs:
            app.step = raising() if step else None
            await link.say("4a" if step else "4fail")
            assert await link.hear() == "close 1011"
            await link.rest()
        assert [line["event"] for line in logs] == ["websocket_handler_failed"]
        assert app.told[-1] == "transport error"


async def test_a_drain_says_why() -> None:
    app = Kept()
    async with engine(app) as peer, peer.opened() as link:
        peer.served.app.engine.drain(1012, "restart")
        assert await link.hear() == "close 1012"
