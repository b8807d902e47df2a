"""A server that goes away and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from notifyd.errors import StoreUnavailable
from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from notifyd.redislink.scripts import script_of
from tests.redislink.waiting import answered, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.valkey import Valkey


async def test_a_killed_server_is_found_again(start_valkey: Callable[..., Valkey], nursery: trio.Nursery) -> None:
    server = start_valkey()
    link = await open_link(RedisOptions(url=server.url, timeout_seconds=2))
    nursery.start_soon(link.run)
    messages, send = trio.open_memory_channel[bytes](10)[::-1]
    lives, lived = trio.open_memory_channel[None](10)[::-1]
    with trio.fail_after(30):
        link.listener.follow("topic", send.send_nowait, lambda: lived.send_nowait(None))
        await lives.receive()
        server.kill()
        line = link.line("test")
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{server.port}") as caught:
            await line.send("PING").wait()
        assert caught.value.retry_after_seconds == 1
        with pytest.raises(StoreUnavailable):
            line.send("PING")
        assert link.failing_since() is not None
        server.start()
        await answered(line, "PING")
        await lives.receive()
        assert await line.send("SPUBLISH", "topic", "again").wait() == 1
        assert await messages.receive() == b"again"
        assert link.failing_since() is None
    nursery.cancel_scope.cancel()


async def test_a_server_that_was_restarted_meanwhile_is_no_failure(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    link = await open_link(RedisOptions(url=server.url))
    line = link.line("test")
    script = script_of("echo", b"return ARGV[1]")
    with trio.fail_after(30):
        assert await line.script(script, ["k"], ["before"]).wait() == b"before"
        await trio.to_thread.run_sync(server.restart)
        assert await line.script(script, ["k"], ["after"]).wait() == b"after"
        await link.close()


async def test_a_server_that_hangs_is_given_up_in_time(
    start_valkey: Callable[..., Valkey], nursery: trio.Nursery
) -> None:
    server = start_valkey()
    options = RedisOptions(url=server.url, timeout_seconds=1, connect_timeout_seconds=1)
    link = await open_link(options)
    nursery.start_soon(link.run)
    lives, lived = trio.open_memory_channel[None](10)[::-1]
    line = link.line("test")
    with trio.fail_after(30):
        following = link.listener.follow("topic", lambda _: None, lambda: lived.send_nowait(None))
        await lives.receive()
        await line.send("PING").wait()
        server.pause()
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await line.send("PING").wait()
        with pytest.raises(StoreUnavailable):
            await open_link(msgspec.structs.replace(options, prefix="other"))
        await until(lambda: not following.live)
        server.go_on()
        await answered(line, "PING")
        await lives.receive()
    nursery.cancel_scope.cancel()


async def test_a_server_that_takes_no_writes_is_told_apart_from_one_that_is_away(
    start_valkey: Callable[..., Valkey],
) -> None:
    server = start_valkey()
    link = await open_link(RedisOptions(url=server.url))
    line = link.line("test")
    server.call("CONFIG", "SET", "maxmemory", 1)
    with trio.fail_after(15):
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="OOM"):
                await line.send("SET", "k", "v").wait()
        since = link.refused_since()
        assert since is not None
        assert link.failing_since() is None
        assert await line.send("GET", "k").wait() is None
        assert link.refused_since() == since
        assert line.refused_since(since + 60) is None
        server.call("CONFIG", "SET", "maxmemory", 0)
        await line.send("SET", "k", "v").wait()
        await link.close()
