"""Topics on a real server. Threads, so no autojump clock."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

import pytest
import trio

from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from notifyd.redislink.topics.backlog import Backlog
from notifyd.redislink.topics.following import Topic
from tests.redislink.waiting import Heard, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.redislink.link import Link
    from tests.valkey import Valkey


async def test_what_is_published_comes_in_order(link: Link) -> None:
    heard = Heard()
    with trio.fail_after(10):
        following = link.listener.follow(link.keys.bus, heard.note, heard.live)
        assert not following.live
        await following.wait_live()
        assert heard.lives == 1
        for number in range(3000):
            link.line("test").send("SPUBLISH", link.keys.bus, number)
        await until(lambda: len(heard.messages) == 3000)
    assert heard.messages == [str(number).encode() for number in range(3000)]


async def test_a_message_that_a_follower_stumbles_over_is_one_message(link: Link) -> None:
    heard: list[int] = []
    with trio.fail_after(10):
        following = link.listener.follow(link.keys.bus, lambda payload: heard.append(int(payload)), lambda: None)
        await following.wait_live()
        for word in ("1", "two", "3"):
            await link.line("test").send("SPUBLISH", link.keys.bus, word).wait()
        await until(lambda: heard == [1, 3])


async def test_a_topic_may_have_several_followers_who_come_and_go(link: Link) -> None:
    first, second = Heard(), Heard()
    line, topic = link.line("test"), link.keys.bus
    with trio.fail_after(10):
        one = link.listener.follow(topic, first.note, first.live)
        await one.wait_live()
        two = link.listener.follow(topic, second.note, second.live)
        assert second.lives == 0
        await two.wait_live()
        await line.send("SPUBLISH", topic, "both").wait()
        await until(lambda: first.messages == second.messages == [b"both"])
        one.stop()
        one.stop()
        assert await line.send("SPUBLISH", topic, "second").wait() == 1
        await until(lambda: len(second.messages) == 2)
        two.stop()
        await until_nobody(link, topic)
    assert first.messages == [b"both"]
    assert (first.lives, second.lives) == (1, 1)


async def test_who_comes_back_at_once_is_told_when_it_is_live(link: Link) -> None:
    heard = Heard()
    line, topic = link.line("test"), link.keys.bus
    with trio.fail_after(10):
        following = link.listener.follow(topic, heard.note, heard.live)
        for _ in range(20):
            following.stop()
            following = link.listener.follow(topic, heard.note, heard.live)
        await following.wait_live()
        assert await line.send("SPUBLISH", topic, "x").wait() == 1
        await until(lambda: heard.messages == [b"x"])
    assert heard.lives == 1


async def test_thousands_of_topics_cost_little(link: Link) -> None:
    heard = Heard()
    topics = [link.keys.channel("c", str(number)) for number in range(5000)]
    with trio.fail_after(20):
        followings = [link.listener.follow(topic, heard.note, heard.live) for topic in topics]
        await until(lambda: heard.lives == len(topics))
        await link.line("test").send("SPUBLISH", topics[4321], "x").wait()
        await until(lambda: heard.messages == [b"x"])
        for following in followings:
            following.stop()
        await until_nobody(link, topics[-1])


@pytest.mark.slow  # test_topic_pipe.py is the quick round, without a clock
async def test_a_silent_connection_is_kept(redis_options: RedisOptions, valkey: Valkey, nursery: trio.Nursery) -> None:
    heard = Heard()
    link = await open_link(RedisOptions(redis_options.url, redis_options.prefix, timeout_seconds=2))
    nursery.start_soon(link.run)
    with trio.fail_after(30):
        await link.listener.follow(link.keys.bus, heard.note, heard.live).wait_live()
        before = pings(valkey)
        await until(lambda: pings(valkey) >= before + 3)
        await link.line("test").send("SPUBLISH", link.keys.bus, "x").wait()
        await until(lambda: heard.messages == [b"x"])
    assert heard.lives == 1
    nursery.cancel_scope.cancel()


def pings(server: Valkey) -> int:
    """How often anybody has asked it for a sign of life."""
    found = re.search(rb"cmdstat_ping:calls=(\d+)", server.call("INFO", "commandstats"))
    return int(found.group(1)) if found else 0


async def test_a_backlog_is_bounded_and_keeps_the_order() -> None:
    backlog = Backlog(trio.lowlevel.current_trio_token(), most_bytes=1000)
    topic = Topic(b"t")
    backlog.put([(topic, b"x" * 2000)], 2000)
    assert not backlog.has_room(0)
    await until(lambda: backlog.has_room(0))


@pytest.mark.slow
async def test_a_daemon_that_does_not_keep_up_has_a_gap_and_bounded_memory(
    start_valkey: Callable[..., Valkey], nursery: trio.Nursery
) -> None:
    server = start_valkey("--client-output-buffer-limit", "pubsub 0 0 0")
    link = await open_link(RedisOptions(server.url, timeout_seconds=0.5))
    nursery.start_soon(link.run)
    heard = Heard()
    payload = b"x" * (1 << 20)

    def flood() -> None:
        for _ in range(300):
            server.call("SPUBLISH", "t", payload)

    with trio.fail_after(60):
        await link.listener.follow("t", heard.note, heard.live).wait_live()
        flooding = threading.Thread(target=flood)
        flooding.start()
        # nothing runs in trio while it is flooded
        flooding.join()
        time.sleep(1)  # noqa: ASYNC251
        await until(lambda: heard.lives == 2)
        assert 60 < len(heard.messages) < 150
        heard.messages.clear()
        await link.line("test").send("SPUBLISH", "t", "after").wait()
        await until(lambda: heard.messages == [b"after"])
    nursery.cancel_scope.cancel()


async def until_nobody(link: Link, topic: str) -> None:
    """Wait until the server knows no follower."""
    for _ in range(10_000):
        if await link.line("test").send("SPUBLISH", topic, "anybody?").wait() == 0:
            return
        await trio.sleep(0.005)
