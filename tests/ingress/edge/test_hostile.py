"""Hostile peers: each ends in a documented answer or close, in bounded memory, and nobody else notices."""

from __future__ import annotations

import contextlib
import random
import re
import tracemalloc
from collections import deque

import pytest
import trio

from notifyd.wire.websocket.frames import binary_frame, ping_frame
from tests.ingress.edge.edge_harness import (
    GET,
    HANDSHAKE,
    EchoApp,
    RawPeer,
    Served,
    masked,
    raw_frame,
    serving,
    text,
)

ROUNDS = 40
STATUS = rb"HTTP/1\.1 (200|400|405|408|413|414|417|426|431|501|505) "
ANSWERS = re.compile(rb"(" + STATUS + rb"[^\r\n]*\r\n([^\r\n]+\r\n)*\r\n.*)*", re.DOTALL)
WHOLE = [text(b"hello"), masked(binary_frame(bytes(300))), masked(ping_frame(b"x"))]
FRAMES = [*WHOLE, raw_frame(0x01, b"a") + raw_frame(0x80, b"b")]


async def undisturbed(peer: RawPeer) -> None:
    """Another connection is served as if nothing happened."""
    with trio.fail_after(20):
        assert (await peer.ask(GET)).status == 200


async def attack(served: Served, data: bytes) -> bytes:
    """Send *data* and stop sending; what the server says until it closes."""
    async with served.connect() as peer:
        with contextlib.suppress(trio.BrokenResourceError, OSError):
            await peer.send(data)
            await peer.end()
        return await peer.rest()


@pytest.mark.parametrize("seed", range(4))
async def test_random_bytes(seed: int) -> None:
    dice = random.Random(seed)
    async with serving() as served, served.connect() as other:
        for _ in range(ROUNDS):
            said = await attack(served, dice.randbytes(dice.randrange(1, 5000)))
            assert ANSWERS.fullmatch(said)
            await undisturbed(other)


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_requests(seed: int) -> None:
    dice = random.Random(seed)
    seeds = [
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: x\r\n\r\n",
        HANDSHAKE,
    ]
    async with serving() as served, served.connect() as other:
        for _ in range(ROUNDS):
            data = bytearray(dice.choice(seeds) + GET)
            for _ in range(dice.randrange(1, 6)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            said = await attack(served, bytes(data))
            assert said.startswith(b"HTTP/1.1 101") or ANSWERS.fullmatch(said), said
            await undisturbed(other)


@pytest.mark.parametrize("seed", range(4))
async def test_random_and_truncated_frames(seed: int) -> None:
    dice = random.Random(seed)
    async with serving() as served, served.connect() as other:
        for _ in range(ROUNDS):
            data = bytearray(b"".join(dice.choices(FRAMES, k=dice.randrange(1, 5))))
            for _ in range(dice.randrange(4)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            said = await attack(served, HANDSHAKE + bytes(data[: dice.randrange(len(data))]))
            assert said.startswith(b"HTTP/1.1 101 ")
            await undisturbed(other)
        await served.until(lambda: served.server.counts.open == 1)


async def test_many_slow_heads_hold_neither_memory_nor_others() -> None:
    async with serving(http={"head_timeout_seconds": 0.3}) as served, served.connect() as other:
        # from now on it has the time of a connection that idles
        await undisturbed(other)
        async with trio.open_nursery() as nursery:
            said: list[bytes] = []

            async def slow() -> None:
                async with served.connect() as peer:
                    await peer.send(GET[:10])
                    said.append(await peer.rest())

            for _ in range(100):
                nursery.start_soon(slow)
            await served.until(lambda: served.server.counts.accepted == 101)
            await undisturbed(other)
        # whose first bytes came too late is not told anything
        assert {answer[:12] for answer in said} - {b""} == {b"HTTP/1.1 408"}
        await undisturbed(other)


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200_000,
    "a header": b"GET / HTTP/1.1\r\nHost: " + b"a" * 1_000_000,
    "chunks": CHUNKED + b"1\r\nx\r\n" * 100_000,
    "trailers": CHUNKED + b"0\r\n" + b"X: a\r\n" * 200_000,
    "requests": GET * 30_000,
    "fragments": HANDSHAKE + raw_frame(0x01, b"a") + raw_frame(0x00, bytes(100)) * 10_000,
    "pings": HANDSHAKE + masked(ping_frame(bytes(125))) * 10_000,
    "messages": HANDSHAKE + text(b"a") * 50_000,
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_the_memory_of_the_server_does_not_follow_what_is_endless(name: str) -> None:
    limits = {"http": {"max_body_bytes": 10_000}, "websocket": {"outbox_bytes": 100_000}}
    app = EchoApp()
    app.requests = deque(maxlen=1)  # what the test remembers is not the server's
    app.recorder.received = deque(maxlen=1)
    async with serving(app, **limits) as served, served.connect() as other, served.connect() as peer:
        await undisturbed(other)
        tracemalloc.start()
        with trio.move_on_after(0.3), contextlib.suppress(trio.BrokenResourceError):
            await peer.send(ENDLESS[name])  # and reads nothing
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await undisturbed(other)
        assert peak < 1_500_000


async def test_one_that_sends_much_does_not_starve_another() -> None:
    async with serving() as served, served.connect() as busy, served.connect() as other, trio.open_nursery() as nursery:
        await busy.upgrade()

        async def drain() -> None:
            while await busy.stream.receive_some(65536):
                pass

        nursery.start_soon(busy.send_for_ever, text(b"x") * 5000)
        nursery.start_soon(drain)
        for _ in range(10):
            await undisturbed(other)
        nursery.cancel_scope.cancel()
