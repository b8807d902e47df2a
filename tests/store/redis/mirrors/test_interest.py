from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from notifyd.store.redis.mirrors.interest import Interest

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


async def told(link: Link, tag: str, count: int) -> list[bytes]:
    """What Redis knows of *tag*, once it knows of so many nodes."""
    while True:
        answer: list[bytes] = await link.line("test").send("HGETALL", f"{tag}:n").wait()
        if len(answer) == 2 * count:
            return answer


async def test_counts_are_told_and_taken_back(link: Link, nursery: trio.Nursery) -> None:
    interest = Interest(link.line("interest"), "one")
    nursery.start_soon(interest.run)
    tag = link.keys.channel("c", "orders")
    interest.set(tag, 3)
    assert await told(link, tag, 1) == [b"one", b"3"]
    # said in a command of its own, behind the count
    while await link.line("test").send("TTL", f"{tag}:n").wait() <= 3600:
        await trio.lowlevel.checkpoint()
    interest.set(tag, 0)
    await told(link, tag, 0)


async def test_nodes_that_are_not_alive_do_not_count(link: Link) -> None:
    interest = Interest(link.line("interest"), "one")
    interest.live_nodes = lambda: ("one", "two")
    interest.set("tag", 2)
    # of this node its own count is newer than what it told
    assert interest.total("tag", [b"one", b"9", b"two", b"5", b"gone", b"7"]) == 7


async def test_what_may_have_been_lost_is_told_again(link: Link, nursery: trio.Nursery) -> None:
    interest = Interest(link.line("interest"), "one")
    nursery.start_soon(interest.run)
    tag = link.keys.channel("c", "orders")
    interest.set(tag, 3)
    await told(link, tag, 1)
    await link.line("test").send("DEL", f"{tag}:n").wait()
    interest.again(tag)
    await told(link, tag, 1)


async def test_who_leaves_is_counted_no_more(link: Link, nursery: trio.Nursery) -> None:
    interest = Interest(link.line("interest"), "one")
    nursery.start_soon(interest.run)
    tag = link.keys.channel("c", "orders")
    interest.set(tag, 3)
    await told(link, tag, 1)
    interest.leave()
    await told(link, tag, 0)
