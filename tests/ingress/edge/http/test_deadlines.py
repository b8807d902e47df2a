"""Peers that are too slow: told where they began something, left silently where they did not."""

from __future__ import annotations

import pytest
import trio

from tests.ingress.edge.edge_harness import GET, serving

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
SHORT = 0.1


async def test_a_connection_that_says_nothing_is_closed_silently() -> None:
    async with serving(http={"head_timeout_seconds": SHORT}) as served, served.connect() as peer:
        assert await peer.rest() == b""
        assert served.server.counts.timeouts == 1


async def test_a_head_that_does_not_end_is_408() -> None:
    async with serving(http={"head_timeout_seconds": SHORT}) as served, served.connect() as peer:
        await peer.send(GET[:-2])
        assert (await peer.rest()).startswith(b"HTTP/1.1 408")


async def test_a_head_that_drips_is_408() -> None:
    async with (
        serving(http={"head_timeout_seconds": 0.2}) as served,
        served.connect() as peer,
        trio.open_nursery() as nursery,
    ):

        async def drip() -> None:
            while True:
                await peer.send(b"GET / HTTP/1.1\r\n" if not dripped else b"X: a\r\n")
                dripped.append(1)
                await trio.sleep(0.02)

        dripped: list[int] = []
        nursery.start_soon(drip)
        assert (await peer.answer()).status == 408
        nursery.cancel_scope.cancel()


async def test_the_second_head_has_the_same_deadline() -> None:
    async with serving(http={"head_timeout_seconds": SHORT}) as served, served.connect() as peer:
        assert (await peer.ask(GET)).status == 200
        await peer.send(GET[:5])
        assert (await peer.rest()).startswith(b"HTTP/1.1 408")


async def test_a_body_that_stops_is_408() -> None:
    async with serving(http={"body_timeout_seconds": SHORT}) as served, served.connect() as peer:
        await peer.send(HEAD + b"Content-Length: 10\r\n\r\nabc")
        assert (await peer.rest()).startswith(b"HTTP/1.1 408")


async def test_a_body_that_drips_is_408() -> None:
    settings = {"body_timeout_seconds": 0.2, "min_body_bytes_per_second": 10_000}
    async with serving(http=settings) as served, served.connect() as peer, trio.open_nursery() as nursery:

        async def drip() -> None:
            await peer.send(HEAD + b"Content-Length: 1000\r\n\r\n")
            while True:
                await peer.send(b"x")
                await trio.sleep(0.02)

        nursery.start_soon(drip)
        assert (await peer.answer()).status == 408
        nursery.cancel_scope.cancel()


async def test_a_body_that_keeps_its_pace_may_take_long() -> None:
    settings = {"body_timeout_seconds": 2.0, "min_body_bytes_per_second": 1}
    async with serving(http=settings) as served, served.connect() as peer:
        await peer.send(HEAD + b"Content-Length: 6\r\n\r\n")
        for _ in range(6):
            await trio.sleep(0.4)
            await peer.send(b"x")
        assert (await peer.answer()).body == b"x" * 6


async def test_a_streamed_body_that_stops_is_408() -> None:
    settings = {"body_timeout_seconds": SHORT, "buffered_body_bytes": 10}
    async with serving(http=settings) as served, served.connect() as peer:
        await peer.send(HEAD + b"Content-Length: 1000\r\n\r\nabc")
        assert (await peer.rest()).startswith(b"HTTP/1.1 408")


async def test_an_idle_connection_is_closed_silently() -> None:
    async with serving(http={"idle_timeout_seconds": SHORT}) as served, served.connect() as peer:
        assert (await peer.ask(GET)).status == 200
        assert await peer.rest() == b""


async def test_requests_keep_a_connection_from_idling() -> None:
    async with serving(http={"idle_timeout_seconds": 2.0}) as served, served.connect() as peer:
        for _ in range(3):
            assert (await peer.ask(GET)).status == 200
            await trio.sleep(0.8)


async def test_a_peer_that_takes_no_answer_is_dropped() -> None:
    app_settings = {"write_timeout_seconds": SHORT, "high_water_bytes": 1000}
    async with serving(http=app_settings) as served, served.connect() as peer:
        large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000)
        with pytest.raises(trio.BrokenResourceError):
            await peer.send_for_ever(large)
        await served.until(lambda: served.server.counts.open == 0)
