"""The link against a real server. Threads, so no autojump clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.redislink.errors import Refused
from notifyd.redislink.scripts import script_of

if TYPE_CHECKING:
    from notifyd.redislink.link import Link
    from tests.valkey import Valkey


async def test_commands_are_answered_in_order(link: Link) -> None:
    line = link.line("test")
    key = link.keys.shard(1)
    with trio.fail_after(10):
        replies = [line.send("RPUSH", key, number) for number in range(2500)]
        assert [await reply.wait() for reply in replies] == list(range(1, 2501))
        assert await line.send("LRANGE", key, 0, 2).wait() == [b"0", b"1", b"2"]


async def test_a_script_is_loaded_and_loaded_again(link: Link, valkey: Valkey) -> None:
    script = script_of("echo", b"return {ARGV[1], KEYS[1]}")
    line = link.line("test")
    with trio.fail_after(10):
        assert await line.script(script, ["k"], ["one"]).wait() == [b"one", b"k"]
        await trio.to_thread.run_sync(valkey.call, "SCRIPT", "FLUSH")
        assert await line.script(script, ["k"], ["two"]).wait() == [b"two", b"k"]


async def test_an_error_is_told_to_its_own_command(link: Link) -> None:
    script = script_of("refuse", b"return redis.error_reply('STALE the lease is over')")
    line = link.line("test")
    with trio.fail_after(10):
        good, bad, after = line.send("PING"), line.script(script, ["k"]), line.send("ECHO", "x")
        assert await good.wait() == b"PONG"
        with pytest.raises(Refused) as caught:
            await bad.wait()
        assert (caught.value.code, caught.value.text) == ("STALE", "the lease is over")
        assert await after.wait() == b"x"


async def test_what_is_published_comes_in_order(link: Link) -> None:
    messages: list[bytes] = []
    live = trio.Event()
    full = trio.Event()

    def note(message: bytes) -> None:
        messages.append(message)
        if len(messages) == 100:
            full.set()

    with trio.fail_after(10):
        following = link.listener.follow(link.keys.bus, note, live.set)
        await following.wait_live()
        assert live.is_set()
        for number in range(100):
            link.line("test").send("SPUBLISH", link.keys.bus, number)
        await full.wait()
    assert messages == [str(number).encode() for number in range(100)]
