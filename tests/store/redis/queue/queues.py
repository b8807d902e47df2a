"""Nodes that have nothing but the queue and the receipts, over one Redis."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.model.notification import State
from notifyd.model.publication import Publication
from notifyd.redislink.link import open_link
from notifyd.store.options import BrokerLimits
from notifyd.store.ports import Lane, Outcome
from notifyd.store.redis.queue.queue import RedisQueue
from notifyd.store.redis.receipts.receipts import RedisReceipts
from notifyd.store.redis.shards import Shards, shard_of
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, expire, notification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification
    from notifyd.redislink.link import Link
    from notifyd.redislink.options import RedisOptions
    from notifyd.store.ports import Lease, QueueStats

SHARDS = 4
#: How long a node that is silent keeps its shards, in tests that wait for that; in others longer than they take.
HASTY_SECONDS = 0.4
_PATIENT_SECONDS = 30.0
_TICK_SECONDS = 0.1

_numbers = itertools.count(1)


class Node:
    """The queue of one daemon."""

    def __init__(self, link: Link, limits: BrokerLimits, timeout_seconds: float) -> None:
        self.link = link
        self.name = f"node-{next(_numbers)}"
        self.shards = Shards(link, SHARDS, self.name)
        self.receipts = RedisReceipts(self.shards, limits.receipts, clock=lambda: T0)
        self.counters = Counters()
        self.queue = RedisQueue(
            self.shards, self.receipts, limits, self.counters, clock=lambda: T0, timeout_seconds=timeout_seconds
        )
        self.queue._tick_seconds = _TICK_SECONDS
        self._scope = trio.CancelScope()
        self._last_breath = trio.CancelScope()

    async def run(self) -> None:
        with self._last_breath:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.link.run)
                with self._scope:
                    async with trio.open_nursery() as parts:
                        parts.start_soon(self.queue.run)
                        parts.start_soon(self.receipts.run)
                nursery.cancel_scope.cancel()

    def stop(self) -> None:
        """As a daemon that is told to."""
        self._scope.cancel()

    def vanish(self) -> None:
        """Without a word, as far as others can tell."""
        self.queue.ownership.give_all_back = lambda *, now: []  # type: ignore[method-assign]
        self.stop()

    async def accept(self, *notifications: Notification) -> list[NotificationId]:
        return [(await pending.result()).id for pending in self.queue.enqueue(notifications, now=T0)]

    async def lease(
        self, *, limit: int = 100, seconds: float = 30, now: int = T0, lane: Lane = Lane.LIVE
    ) -> list[Lease]:
        return await self.queue.lease(limit=limit, lease_seconds=seconds, now=now, lane=lane)

    async def settle(self, *leases: Lease, state: State = State.DISPATCHED, now: int = T0) -> None:
        await self.queue.settle([Outcome(lease, state) for lease in leases], now=now)

    async def counted(self) -> QueueStats:
        await self.queue.look()
        return self.queue.stats(now=T0)

    async def owns(self, *shards: int) -> None:
        """Return when it sees to just these."""
        while sorted(self.queue.ownership.owned()) != sorted(shards):
            await self.shards.line.send("PING").wait()

    def place(self, *leases: Lease, first: int = 1) -> None:
        """As the history does that stamps them."""
        stamped = [Publication(lease.notification, "e", first + nth) for nth, lease in enumerate(leases)]
        self.queue.placed(stamped, now=T0)


@asynccontextmanager
async def nodes(
    *options: RedisOptions, limits: BrokerLimits | None = None, timeout_seconds: float = _PATIENT_SECONDS
) -> AsyncIterator[list[Node]]:
    """One for each of *options*, which run and know of each other."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expire, 30)
        opened = [Node(await open_link(each), limits or BrokerLimits(), timeout_seconds) for each in options]
        for node in opened:
            node.shards.working_nodes = lambda: [each.name for each in opened]
            nursery.start_soon(node.run)
        yield opened
        nursery.cancel_scope.cancel()


def channels_of(shard: int, count: int) -> list[str]:
    """Names of channels of the default client that are in one shard."""
    names = (f"c{number}" for number in itertools.count())
    return list(itertools.islice((name for name in names if shard_of(DEFAULT_CLIENT, name, SHARDS) == shard), count))


def in_shard(shard: int, **details: int) -> Notification:
    """One that goes to that shard."""
    return notification(channels_of(shard, 1)[0], **details)  # type: ignore[arg-type]
