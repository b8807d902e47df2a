"""Who is called with what came, and raises: the others get theirs, and the daemon goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyd.redislink.link import Link


def broken(*_: object) -> None:
    raise RecursionError("too deep")


async def test_one_that_waits_for_an_answer_and_raises_leaves_the_others_theirs(link: Link) -> None:
    line = link.line("test")
    answers: list[object] = []
    with trio.fail_after(10):
        # handed in together: they share a flight
        replies = [line.send("PING") for _ in range(3)]
        replies[0].then(broken)
        replies[0].then(lambda reply: answers.append(reply.result()))
        replies[1].then(lambda reply: answers.append(reply.result()))
        assert await replies[2].wait() == b"PONG"
        assert answers == [b"PONG", b"PONG"]
