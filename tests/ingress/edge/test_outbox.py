"""The outbox over a link whose kernel takes as much as the test says."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from notifyd.ingress.edge.outbox import Outbox, OutboxRules


class Kernel:
    """A link that takes `room` bytes."""

    secure = False

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.taken = b""
        self.calls = 0
        self.dead = False
        self.wakes = 0
        self._writable = trio.Event()

    def send(self, data: bytes | bytearray, /) -> int:
        self.calls += 1
        if self.dead:
            raise ConnectionResetError
        if not self.room:
            raise BlockingIOError
        part = bytes(data[: self.room])
        self.room -= len(part)
        self.taken += part
        return len(part)

    def take(self, room: int) -> None:
        self.room += room
        self._writable.set()

    async def writable(self) -> None:
        await self._writable.wait()
        self._writable = trio.Event()

    def wake(self) -> None:
        self.wakes += 1
        self._writable.set()


def outbox_of(kernel: Kernel, nursery: trio.Nursery, limit: int = 10) -> Outbox:
    return Outbox(kernel, OutboxRules(nursery, limit_bytes=limit, write_timeout_seconds=5))  # type: ignore[arg-type]


async def test_an_idle_outbox_writes_through(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=100)
    outbox = outbox_of(kernel, nursery)
    assert outbox.put(b"hello")
    assert (kernel.taken, outbox.pending_bytes, outbox.sent_bytes) == (b"hello", 0, 5)
    assert not nursery.child_tasks


async def test_what_the_kernel_refuses_follows_in_order(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=2)
    outbox = outbox_of(kernel, nursery)
    assert outbox.put(b"abcd")
    assert outbox.put(b"ef")
    assert (kernel.taken, outbox.pending_bytes) == (b"ab", 4)
    for room in (1, 2, 10):
        kernel.take(room)
        await trio.testing.wait_all_tasks_blocked()
    assert (kernel.taken, outbox.pending_bytes, outbox.sent_bytes) == (b"abcdef", 0, 6)
    assert not nursery.child_tasks
    assert outbox.put(b"g")
    assert kernel.taken == b"abcdefg"


async def test_it_knows_since_when_it_is_behind(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    kernel = Kernel(room=2)
    outbox = outbox_of(kernel, nursery)
    outbox.put(b"ab")
    assert outbox.behind_since is None
    outbox.put(b"cd")
    since = outbox.behind_since
    await trio.sleep(1)
    outbox.put(b"ef")
    assert outbox.behind_since == since == trio.current_time() - 1
    kernel.take(10)
    await trio.testing.wait_all_tasks_blocked()
    assert outbox.behind_since is None


async def test_the_bound(nursery: trio.Nursery) -> None:
    outbox = outbox_of(Kernel(), nursery, limit=10)
    assert outbox.put(b"12345")
    assert outbox.put(b"67890")
    assert not outbox.put(b"!")
    assert outbox.pending_bytes == 10
    nursery.cancel_scope.cancel()


async def test_one_frame_may_exceed_the_bound(nursery: trio.Nursery) -> None:
    outbox = outbox_of(Kernel(room=1), nursery, limit=10)
    assert outbox.put(bytes(50))
    assert not outbox.put(b"!")
    nursery.cancel_scope.cancel()


async def test_writers_that_wait_by_themselves_have_no_bound(nursery: trio.Nursery) -> None:
    kernel = Kernel()
    outbox = outbox_of(kernel, nursery, limit=10)
    outbox.write(bytes(20))
    outbox.write(bytes(20))
    async with trio.open_nursery() as waiting:
        waiting.start_soon(outbox.drained)
        kernel.take(40)
    assert outbox.pending_bytes == 0


async def test_a_cork_collects(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=100)
    outbox = outbox_of(kernel, nursery)
    outbox.cork()
    assert outbox.put(b"a")
    assert outbox.put(b"b")
    assert kernel.calls == 0
    outbox.uncork()
    assert (kernel.taken, kernel.calls) == (b"ab", 1)
    assert outbox.put(b"c")
    assert kernel.taken == b"abc"


async def test_a_cork_does_not_collect_without_end(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=10_000_000)
    outbox = outbox_of(kernel, nursery, limit=100_000)
    outbox.cork()
    assert all(outbox.put(bytes(10_000)) for _ in range(100))
    outbox.uncork()
    assert len(kernel.taken) == 1_000_000


async def test_an_uncorked_rest_is_flushed(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery)
    outbox.cork()
    outbox.put(b"abc")
    outbox.uncork()
    assert outbox.put(b"d")
    kernel.take(10)
    await trio.testing.wait_all_tasks_blocked()
    assert kernel.taken == b"abcd"


async def test_a_cork_amid_flushing_changes_nothing(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery)
    outbox.put(b"abc")
    outbox.cork()
    outbox.put(b"d")
    outbox.uncork()
    kernel.take(10)
    await trio.testing.wait_all_tasks_blocked()
    assert kernel.taken == b"abcd"
    assert outbox.put(b"e")
    assert kernel.taken == b"abcde"


async def test_the_last_bytes_are_the_last(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery, limit=4)
    outbox.put(b"abcd")
    outbox.end(b"bye, beyond the bound")
    assert outbox.put(b"dropped")
    kernel.take(100)
    assert await outbox.drained()
    assert outbox.put(b"dropped")
    assert kernel.taken == b"abcdbye, beyond the bound"


async def test_a_dead_link_swallows_and_wakes_its_reader(nursery: trio.Nursery) -> None:
    kernel = Kernel()
    kernel.dead = True
    outbox = outbox_of(kernel, nursery)
    assert outbox.put(b"a")
    assert outbox.broken
    assert kernel.wakes == 1
    assert outbox.put(b"b")
    outbox.write(b"c")
    assert kernel.calls == 1
    assert not await outbox.drained()


async def test_a_link_that_dies_while_flushing(nursery: trio.Nursery) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery)
    outbox.put(b"abc")
    kernel.dead = True
    kernel.take(1)
    assert not await outbox.drained()
    assert outbox.pending_bytes == 0


async def test_a_peer_that_takes_nothing_is_given_up(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery)
    outbox.put(b"abc")
    start = trio.current_time()
    assert not await outbox.drained()
    assert trio.current_time() - start == pytest.approx(5)


async def test_progress_renews_the_patience(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    kernel = Kernel(room=1)
    outbox = outbox_of(kernel, nursery)
    outbox.put(b"abcde")
    for _ in range(4):
        await trio.sleep(4)
        kernel.take(1)
    assert await outbox.drained()
