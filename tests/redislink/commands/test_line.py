"""Lines against a real server, and against a route that hangs. Threads, so no autojump clock."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.commands.line import Line
from notifyd.redislink.commands.waiting import Waiting
from notifyd.redislink.errors import Refused
from notifyd.redislink.link import open_link
from notifyd.redislink.scripts import load_script, script_of
from notifyd.telemetry.histogram import Histogram
from tests.redislink.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.commands.route import Command
    from notifyd.redislink.link import Link
    from notifyd.redislink.options import RedisOptions
    from tests.valkey import Valkey


class Gated:
    """A route whose thread waits in each flight until it is let go."""

    impaired = False

    def __init__(self, *, fails: bool = False) -> None:
        self.gate = threading.Semaphore(0)
        self.flying = threading.Event()
        self.flights: list[int] = []
        self._fails = fails

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        self.flying.set()
        assert self.gate.acquire(timeout=20)
        if self._fails:
            raise ZeroDivisionError
        self.flights.append(len(commands))
        return list(range(len(commands)))

    def probe(self) -> None:
        """It is there."""

    def close(self) -> None:
        """There is nothing to close."""


async def test_commands_are_answered_in_order(link: Link) -> None:
    line = link.line("test")
    key = link.keys.shard(1)
    with trio.fail_after(10):
        replies = [line.send("RPUSH", key, number) for number in range(2500)]
        assert [await reply.wait() for reply in replies] == list(range(1, 2501))
        assert await line.send("LRANGE", key, 0, 2).wait() == [b"0", b"1", b"2"]
        assert await line.send("GET", "nothing").wait() is None


async def test_what_waits_goes_together() -> None:
    route = Gated()
    line = Line("test", route, max_waiting=100, patience_seconds=10)
    with trio.fail_after(10):
        first = line.send("PING")
        await until(route.flying.is_set)
        rest = [line.send("PING") for _ in range(60)]
        assert line.waiting == 61
        route.gate.release(2)
        assert await first.wait() == 0
        assert [await reply.wait() for reply in rest] == list(range(60))
        await line.close()
    assert route.flights == [1, 60]


async def test_too_much_is_refused_and_what_waited_is_done() -> None:
    route = Gated()
    line = Line("test", route, max_waiting=5, patience_seconds=10)
    with trio.fail_after(10):
        replies = [line.send("PING")]
        await until(route.flying.is_set)
        replies += [line.send("PING") for _ in range(5)]
        with pytest.raises(StoreUnavailable, match="too many commands wait"):
            line.send("PING")
        route.gate.release(2)
        for reply in replies:
            await reply.wait()
        await line.close()


async def test_a_thread_that_hangs_is_given_up_and_comes_back() -> None:
    route = Gated()
    line = Line("test", route, max_waiting=100, patience_seconds=5)
    with trio.fail_after(10):
        flies = line.send("PING")
        await until(route.flying.is_set)
        waits = line.send("PING")
        now = time.monotonic()
        line.watch(now)
        line.watch(now + 4)
        assert line.failing_since is None
        line.watch(now + 6)
        assert line.failing_since is not None
        for reply in (flies, waits):
            with pytest.raises(StoreUnavailable, match="does not answer on line test"):
                await reply.wait()
        with pytest.raises(StoreUnavailable, match="does not answer on line test"):
            line.send("PING")
        route.gate.release(2)
        await until(lambda: line.failing_since is None)
        assert await line.send("PING").wait() == 0
        await line.close()


async def test_a_line_that_is_given_up_between_two_flights_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    route, waiting, slow = Gated(), Waiting(100), threading.Semaphore(0)
    take = waiting.take

    def take_slowly() -> list[Reply]:
        assert slow.acquire(timeout=20)
        return take()

    monkeypatch.setattr(waiting, "take", take_slowly)
    line = Line("test", route, max_waiting=100, patience_seconds=5)
    monkeypatch.setattr(line, "_waiting", waiting)
    with trio.fail_after(10):
        reply = line.send("PING")
        now = time.monotonic()
        line.watch(now)
        line.watch(now + 6)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await reply.wait()
        slow.release(100)
        await until(lambda: line.failing_since is None)
        route.gate.release()
        assert await line.send("PING").wait() == 0
        await line.close()


async def test_what_waits_behind_slow_flights_is_given_up() -> None:
    route = Gated()
    line = Line("test", route, max_waiting=10_000, patience_seconds=5)
    with trio.fail_after(10):
        replies = [line.send("PING") for _ in range(3000)]
        now = time.monotonic()
        line.watch(now)
        route.gate.release()
        await replies[0].wait()
        line.watch(now + 4)
        assert not replies[-1].done()
        line.watch(now + 6)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await replies[-1].wait()
        route.gate.release(5)
        await until(lambda: line.failing_since is None and line.waiting == 0)
        await line.close()


async def test_a_failure_that_nobody_thought_of_is_told() -> None:
    route = Gated(fails=True)
    line = Line("test", route, max_waiting=100, patience_seconds=5)
    with trio.fail_after(10):
        reply = line.send("PING")
        route.gate.release()
        with pytest.raises(StoreUnavailable, match="ZeroDivisionError"):
            await reply.wait()
        await until(lambda: line.failing_since is None)
        await line.close()


async def test_a_closed_line_has_done_what_it_took(redis_options: RedisOptions, valkey: Valkey) -> None:
    with trio.fail_after(10):
        link = await open_link(redis_options)
        key = link.keys.shard(2)
        replies = [link.line("test").send("INCR", key) for _ in range(50)]
        await link.close()
        assert all(reply.done() for reply in replies)
        assert await trio.to_thread.run_sync(valkey.call, "GET", key) == b"50"
        with pytest.raises(StoreUnavailable, match="closed"):
            link.line("test").send("PING")


async def test_a_script_is_loaded_and_loaded_again(link: Link, valkey: Valkey) -> None:
    script = script_of("echo", b"return {ARGV[1], KEYS[1]}")
    line = link.line("test")
    with trio.fail_after(10):
        assert await line.script(script, ["k"], ["one"]).wait() == [b"one", b"k"]
        await trio.to_thread.run_sync(valkey.call, "SCRIPT", "FLUSH")
        before, again, after = line.send("PING"), line.script(script, ["k"], ["two"]), line.send("PING")
        assert [await before.wait(), await again.wait(), await after.wait()] == [b"PONG", [b"two", b"k"], b"PONG"]


async def test_an_error_is_told_to_its_own_command(link: Link) -> None:
    script = script_of("refuse", b"return redis.error_reply('STALE the lease is over')")
    line = link.line("test")
    with trio.fail_after(10):
        good, bad, worse, after = (
            line.send("PING"),
            line.script(script, ["k"]),
            line.send("NONSENSE"),
            line.send("PING"),
        )
        assert await good.wait() == await after.wait() == b"PONG"
        with pytest.raises(Refused) as caught:
            await bad.wait()
        assert (caught.value.code, caught.value.text) == ("STALE", "the lease is over")
        with pytest.raises(Refused, match="unknown command"):
            await worse.wait()
        with pytest.raises(TypeError):
            line.send("SET", "k", None)  # type: ignore[arg-type]


async def test_who_does_not_wait_is_called(link: Link) -> None:
    called: list[Any] = []
    with trio.fail_after(10):
        reply = link.line("test").send("ECHO", "x")
        reply.then(lambda done: called.append(done.result()))
        reply.then(lambda _: called.append("second"))
        assert not reply.done()
        await reply.wait()
        reply.then(lambda _: called.append("late"))
    assert called == [b"x", "second", "late"]


async def test_a_command_of_a_cancelled_caller_is_done(link: Link) -> None:
    line = link.line("test")
    key = link.keys.shard(3)
    with trio.fail_after(10):
        reply = line.send("INCR", key)
        with trio.CancelScope() as scope:
            scope.cancel()
            await reply.wait()
        assert scope.cancelled_caught
        assert await line.send("GET", key).wait() == b"1"
        assert await reply.wait() == 1


def test_a_script_is_found_beside_its_code() -> None:
    with pytest.raises(FileNotFoundError):
        load_script("notifyd.redislink", "no-such-script")


async def test_flights_are_timed() -> None:
    route, flights = Gated(), Histogram()
    line = Line("test", route, max_waiting=100, patience_seconds=20, flights=flights)
    with trio.fail_after(20):
        replies = [line.send("GET", number) for number in range(3)]
        route.gate.release(3)
        for reply in replies:
            await reply.wait()
        assert sum(flights.counts) == len(route.flights)
        await line.close()
