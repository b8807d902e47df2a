from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from notifyd.errors import Conflict, QueueFull, StoreUnavailable
from notifyd.model.ids import DEFAULT_CLIENT, DeadLetterId
from notifyd.redislink.link import open_link
from notifyd.redislink.options import RedisOptions
from notifyd.store.delivery_ports import DeadLetterQuery
from notifyd.store.options import DeadLetterLimits
from notifyd.store.ports import Accepted
from notifyd.store.redis.letters.dead_letters import RedisDeadLetters
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, expire, letter, notification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from notifyd.errors import NotifydError
    from notifyd.model.dead_letter import DeadLetter
    from notifyd.model.notification import Notification
    from notifyd.redislink.link import Link
    from notifyd.store.ports import Pending
    from tests.valkey import Valkey

ALL = DeadLetterQuery()
SHARDS = 3


class Intake:
    """A queue that takes everything in, or nothing."""

    def __init__(self) -> None:
        self.taken: list[Notification] = []
        self.failure: NotifydError | None = None
        self.open = trio.Event()
        self.open.set()

    def again(self, notifications: Sequence[Notification], now: int) -> Sequence[Pending]:
        return [_Taken(self, each) for each in notifications]


class _Taken:
    def __init__(self, intake: Intake, each: Notification) -> None:
        self._intake = intake
        self._each = each

    def done(self) -> bool:
        return False

    async def result(self) -> Accepted:
        await self._intake.open.wait()
        if self._intake.failure is not None:
            raise self._intake.failure
        self._intake.taken.append(self._each)
        return Accepted(self._each.id)


class Node:
    """One daemon's dead letters."""

    def __init__(self, link: Link, limits: DeadLetterLimits) -> None:
        self.link = link
        self.intake = Intake()
        self.now = T0
        self.counters = Counters()
        self.letters = RedisDeadLetters(link, SHARDS, self.intake.again, limits, self.counters, clock=lambda: self.now)

    async def keep(self, *letters: DeadLetter) -> None:
        await self.letters.add(letters, now=T0).wait()

    async def listed(self, query: DeadLetterQuery = ALL, *, limit: int = 9999) -> list[str]:
        return [each.id for each in await self.letters.letters(query, limit=limit)]


@asynccontextmanager
async def nodes(options: RedisOptions, count: int = 1, **limits: int) -> AsyncIterator[list[Node]]:
    """So many nodes that run, over one Redis."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expire, 30)
        opened = [Node(await open_link(options), DeadLetterLimits(**limits)) for _ in range(count)]
        for node in opened:
            nursery.start_soon(node.link.run)
            nursery.start_soon(node.letters.run)
        await trio.testing.wait_all_tasks_blocked()
        yield opened
        nursery.cancel_scope.cancel()


def made(count: int, *, at: int = T0) -> list[DeadLetter]:
    """Letters of several shards."""
    return [letter(notification(f"channel{number}"), at=at + number // 2) for number in range(count)]


async def test_letters_of_all_shards_are_one_list(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        letters = made(700)
        await one.keep(*letters)
        newest = [each.id for each in reversed(letters)]
        assert await two.listed() == newest
        assert await two.listed(limit=3) == newest[:3]
        page = await two.letters.letters(ALL, limit=300, after=DeadLetterId(newest[99]))
        assert [each.id for each in page] == newest[100:400]
        assert await two.letters.count(DeadLetterQuery(since=T0 + 100, until=T0 + 200)) == 200
        assert await two.letters.find(DEFAULT_CLIENT, letters[5].id) == letters[5]


async def test_the_bounds_hold_over_all_shards_and_nodes(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2, max_count=300) as (one, two):
        letters = made(500)
        await one.keep(*letters[:250])
        await two.keep(*letters[250:])
        assert two.letters.usage()[0] == 300
        assert await one.listed() == [each.id for each in reversed(letters[200:])]
        assert one.counters.dead_letters_evicted + two.counters.dead_letters_evicted == 200
        await one.letters.refresh()
        assert one.letters.usage() == two.letters.usage()


async def test_a_letter_on_its_way_back_is_in_no_list(redis_options: RedisOptions) -> None:
    async with nodes(redis_options, 2) as (one, two):
        (first, second) = made(2)
        await one.keep(first, second)
        one.intake.open = trio.Event()
        (pending,) = one.letters.requeue([first], [first.notification], now=T0)
        with pytest.raises(Conflict):
            one.letters.requeue([first], [first.notification], now=T0)
        assert await one.listed() == [second.id]
        assert await one.letters.remove([first.id]) == []
        with pytest.raises(Conflict, match="being put back"):
            await two.letters.requeue([first], [first.notification], now=T0)[0].result()
        one.intake.open.set()
        assert (await pending.result()).id == first.notification.id
        assert one.intake.taken == [first.notification]
        assert await two.listed() == [second.id]


async def test_letters_that_are_not_taken_in_are_back(redis_options: RedisOptions) -> None:
    async with nodes(redis_options) as (node,):
        letters = made(6)
        await node.keep(*letters)
        before = node.letters.usage()
        node.intake.failure = QueueFull("full")
        pending = node.letters.requeue(letters, [each.notification for each in letters], now=T0)
        for each in pending:
            with pytest.raises(QueueFull):
                await each.result()
        assert await node.listed() == [each.id for each in reversed(letters)]
        await node.letters.refresh()
        assert node.letters.usage() == before


async def test_what_a_vanished_node_put_aside_is_back(redis_options: RedisOptions, valkey: Valkey) -> None:
    async with nodes(redis_options, 2) as (one, two):
        lost, taken, settled, died = made(4)
        await one.keep(lost, taken, settled, died)
        one.intake.open = trio.Event()
        everything = [lost, taken, settled, died]
        one.letters.requeue(everything, [each.notification for each in everything], now=T0)
        # two nodes have two connections: what one has sent, Redis may not have heard before the other asks
        while await two.listed():
            await trio.lowlevel.checkpoint()
        # of these the queue had heard before it vanished
        for each in everything[1:]:
            shard = next(
                number
                for number in range(SHARDS)
                if valkey.call("HEXISTS", one.link.keys.letters(number).held, each.id)
            )
            tag = one.link.keys.shard(shard)
            if each is taken:
                valkey.call("HSET", f"{tag}:n", each.notification.id, "it")
            else:
                valkey.call(
                    "HSET", f"{tag}:r:{each.notification.id}", "state", "dead" if each is died else "dispatched"
                )
        await two.letters.upkeep()
        assert await two.listed() == []
        two.now = T0 + 61_000
        await two.letters.upkeep()
        assert await two.listed() == [died.id, lost.id]


@pytest.mark.slow
async def test_letters_wait_while_redis_is_away(start_valkey: Callable[..., Valkey]) -> None:
    server = start_valkey()
    options = RedisOptions(url=server.unix_url, connect_timeout_seconds=5, timeout_seconds=1)
    async with nodes(options) as (node,):
        (first, second) = made(2)
        await node.keep(first)
        server.kill()
        with pytest.raises(StoreUnavailable):
            await node.keep(second)
        with pytest.raises(StoreUnavailable):
            await node.listed()
        server.start()
        with trio.fail_after(10):
            while True:
                try:
                    if await node.listed() == [second.id]:
                        break
                except StoreUnavailable:
                    pass
                await trio.sleep(0.01)
