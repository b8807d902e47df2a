"""The portal between real threads and trio; the peer is what grpcio's context would be."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.bridge import portal as portal_module
from notifyd.bridge.portal import Gone, TrioPortal
from notifyd.errors import Draining, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

in_thread = trio.to_thread.run_sync


class Peer:
    """One caller: `leave` is what a client's cancel does."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self.left = False
        self.cancelled = threading.Event()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        self._callbacks.append(callback)
        return not self.left

    def leave(self) -> None:
        self.left = True
        for callback in self._callbacks:
            callback()

    def cancel(self) -> None:
        self.cancelled.set()
        self.leave()


@asynccontextmanager
async def open_portal() -> AsyncIterator[TrioPortal]:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            portal = TrioPortal(nursery)
            yield portal
            portal.close()


class Waiting:
    """An async function that waits, and tells when it was entered and how it ended."""

    def __init__(self) -> None:
        self.entered = trio.Event()
        self.cancelled = trio.Event()

    async def __call__(self, inbox: object = None) -> None:
        self.entered.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()


async def double(number: int) -> int:
    await trio.lowlevel.checkpoint()
    return 2 * number


async def refuse() -> None:
    raise NotFound("no such key")


async def count_to(limit: int, inbox: trio.MemorySendChannel[int]) -> None:
    for number in range(limit):
        await inbox.send(number)


def stream_of(portal: TrioPortal, produce: Callable[..., object], peer: Peer, **options: int) -> Iterator[int]:
    return portal.stream(produce, peer=peer, **options)  # type: ignore[arg-type]


async def test_a_call_answers() -> None:
    async with open_portal() as portal:
        assert await in_thread(lambda: portal.call(double, 21, peer=Peer())) == 42


async def test_a_refusal_crosses_unchanged() -> None:
    async with open_portal() as portal:
        with pytest.raises(NotFound, match="no such key"):
            await in_thread(lambda: portal.call(refuse, peer=Peer()))


async def test_a_leaving_peer_cancels_its_call() -> None:
    peer, waiting = Peer(), Waiting()
    async with open_portal() as portal, trio.open_nursery() as nursery:
        nursery.start_soon(expect, Gone, lambda: portal.call(waiting, peer=peer))
        await waiting.entered.wait()
        peer.leave()
        await waiting.cancelled.wait()


async def test_a_peer_that_left_before_is_not_served() -> None:
    peer = Peer()
    peer.leave()
    async with open_portal() as portal:
        await expect(Gone, lambda: portal.call(double, 1, peer=peer))
        await expect(Gone, lambda: list(stream_of(portal, Waiting(), peer)))


async def test_a_call_has_a_deadline() -> None:
    async with open_portal() as portal:
        await expect(TimeoutError, lambda: portal.call(Waiting(), peer=Peer(), timeout=0.01))


async def test_closing_ends_calls_in_flight_and_refuses_new_ones() -> None:
    waiting = Waiting()
    async with open_portal() as portal, trio.open_nursery() as nursery:
        nursery.start_soon(expect, Draining, lambda: portal.call(waiting, peer=Peer()))
        await waiting.entered.wait()
        portal.close()
        await expect(Draining, lambda: portal.call(double, 1, peer=Peer()))


async def test_draining_ends_streams_and_leaves_calls_alone() -> None:
    waiting = Waiting()
    async with open_portal() as portal, trio.open_nursery() as nursery:
        nursery.start_soon(expect, Draining, lambda: list(stream_of(portal, waiting, Peer())))
        await waiting.entered.wait()
        portal.drain()
        assert await in_thread(lambda: portal.call(double, 1, peer=Peer())) == 2
        await expect(Draining, lambda: list(stream_of(portal, waiting, Peer())))


async def test_a_drained_stream_never_seems_complete() -> None:
    async with open_portal() as portal, trio.open_nursery() as nursery:
        entered = [Waiting() for _ in range(20)]
        for waiting in entered:
            nursery.start_soon(expect, Draining, lambda waiting=waiting: list(stream_of(portal, waiting, Peer())))
        for waiting in entered:
            await waiting.entered.wait()
        portal.drain()


async def test_a_stream_yields_in_order_and_ends() -> None:
    async with open_portal() as portal:
        numbers = await in_thread(
            lambda: list(stream_of(portal, lambda inbox: count_to(1000, inbox), Peer(), buffer=8))
        )
    assert numbers == list(range(1000))


async def test_a_failing_producer_fails_after_what_it_sent() -> None:
    async def produce(inbox: trio.MemorySendChannel[int]) -> None:
        await count_to(3, inbox)
        raise NotFound("gone")

    seen: list[int] = []
    async with open_portal() as portal:
        await expect(NotFound, lambda: seen.extend(stream_of(portal, produce, Peer())))
        assert await in_thread(lambda: portal.call(double, 1, peer=Peer())) == 2
    assert seen == [0, 1, 2]


async def test_a_leaving_peer_ends_its_stream() -> None:
    peer, waiting = Peer(), Waiting()
    async with open_portal() as portal, trio.open_nursery() as nursery:
        nursery.start_soon(in_thread, lambda: list(stream_of(portal, waiting, peer)))
        await waiting.entered.wait()
        peer.leave()
        await waiting.cancelled.wait()


async def test_dropping_the_iterator_cancels_the_producer() -> None:
    waiting = Waiting()

    async def produce(inbox: trio.MemorySendChannel[int]) -> None:
        await inbox.send(1)
        await waiting()

    async with open_portal() as portal:
        stream = stream_of(portal, produce, Peer())
        assert await in_thread(next, stream) == 1
        await waiting.entered.wait()
        stream.close()  # type: ignore[attr-defined]
        await waiting.cancelled.wait()


async def test_a_slow_reader_holds_the_producer_back() -> None:
    sent: list[int] = []

    async def produce(inbox: trio.MemorySendChannel[int]) -> None:
        for number in range(100):
            await inbox.send(number)
            sent.append(number)

    async with open_portal() as portal:
        stream = stream_of(portal, produce, Peer(), buffer=4)
        await in_thread(next, stream)
        await trio.testing.wait_all_tasks_blocked()
        # what was taken with the first, what the buffer holds, and the one that waits
        assert len(sent) <= 4 + 4 + 1
        stream.close()  # type: ignore[attr-defined]


async def test_a_failed_stream_that_is_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_module, "LINGER_SECONDS", 0.01)
    peer = Peer()

    async def produce(inbox: trio.MemorySendChannel[int]) -> None:
        await count_to(3, inbox)
        raise NotFound("gone")

    async with open_portal() as portal:
        stream = stream_of(portal, produce, peer, buffer=1)
        await in_thread(next, stream)
        await in_thread(next, stream)
        await in_thread(next, stream)
        assert await in_thread(peer.cancelled.wait, 5)


def test_a_stopped_daemon_is_unavailable() -> None:
    portals: list[TrioPortal] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            portals.append(TrioPortal(nursery))

    trio.run(main)
    with pytest.raises(Unavailable):
        portals[0].call(double, 1, peer=Peer())
    with pytest.raises(Unavailable):
        list(stream_of(portals[0], Waiting(), Peer()))


async def expect(problem: type[Exception], step: Callable[[], object]) -> None:
    """Run *step* in a thread; it raises *problem*."""
    with pytest.raises(problem):
        await in_thread(step)
