"""Whole brokers over one Redis, each as one daemon has it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from notifyd.clock import now_ms
from notifyd.errors import StoreUnavailable
from notifyd.model.notification import State
from notifyd.model.publication import Publication
from notifyd.store.options import BrokerLimits, BrokerOptions
from notifyd.store.ports import Outcome
from notifyd.store.redis.broker import RedisBroker, open_redis
from notifyd.telemetry.metrics import Counters
from tests.store.samples import expire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification
    from notifyd.model.restarted import Restarted
    from notifyd.redislink.options import RedisOptions


class Node:
    """A broker with a dispatcher of its own, which may die without a word."""

    def __init__(self, broker: RedisBroker, counters: Counters) -> None:
        self.broker = broker
        self.counters = counters
        self.news: list[Publication | Restarted] = []
        self._heard = trio.Event()
        self._scope = trio.CancelScope()
        self.dispatching = True

    async def run(self) -> None:
        """As a daemon, until it is stopped."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.broker.run)
                nursery.start_soon(self._dispatch)
                nursery.start_soon(self._listen)

    def stop(self) -> None:
        """As a daemon that is told to stop."""
        self._scope.cancel()

    async def heard(self, count: int) -> list[Publication | Restarted]:
        """The first *count* news."""
        while len(self.news) < count:
            self._heard = trio.Event()
            await self._heard.wait()
        return self.news[:count]

    async def heard_of(self, ids: Collection[NotificationId]) -> list[NotificationId]:
        """All that was news by the time that *ids* were, in order."""
        while True:
            heard = [each.notification.id for each in self.news if isinstance(each, Publication)]
            if set(ids) <= set(heard):
                return heard
            self._heard = trio.Event()
            await self._heard.wait()

    def knows(self, *nodes: Node) -> None:
        """These are alive, and take work."""
        ids = [node.broker.node for node in nodes]
        self.broker.live_nodes = self.broker.working_nodes = lambda: ids

    async def accept(self, *notifications: Notification) -> list[NotificationId]:
        """Have them accepted, all or none."""
        pending = self.broker.queue.enqueue(notifications, now=now_ms())
        return [(await each.result()).id for each in pending]

    async def accepted(self, *notifications: Notification) -> bool:
        """As `accept`; False where Redis is away."""
        try:
            await self.accept(*notifications)
        except StoreUnavailable:
            await trio.sleep(0.02)
            return False
        return True

    async def _listen(self) -> None:
        while True:
            self.news += await self.broker.news.take()
            self._heard.set()

    async def _dispatch(self) -> None:
        queue = self.broker.queue
        while True:
            leases = []
            if self.dispatching:
                try:
                    leases = await queue.lease(limit=100, lease_seconds=2, now=now_ms())
                except StoreUnavailable:
                    await trio.sleep(0.02)
            if not leases:
                with trio.move_on_after(0.1):
                    await queue.wait_for_work()
                continue
            try:
                stamped = await self.broker.history.append(leases, now=now_ms())
                delivered = self.broker.news.audience(stamped)
                counts = {each.notification.id: count for each, count in zip(stamped, delivered, strict=True)}
                outcomes = [Outcome(each, State.DISPATCHED, counts[each.notification.id]) for each in leases]
                await queue.settle(outcomes, now=now_ms())
            except StoreUnavailable:
                queue.release(leases, due_at=now_ms())


@asynccontextmanager
async def daemons(
    *options: RedisOptions, limits: BrokerLimits | None = None, seconds: float = 60
) -> AsyncIterator[list[Node]]:
    """Nodes that know of each other, one for each of *options*."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expire, seconds)
        opened: list[Node] = []
        for number, redis in enumerate(options):
            told = BrokerOptions(
                url=redis.url,
                redis=redis,
                limits=limits or BrokerLimits(),
                node=f"node{number}",
                node_timeout_seconds=1.0,
            )
            counters = Counters()
            opened.append(Node(await open_redis(told, counters, now_ms), counters))
        for node in opened:
            node.knows(*opened)
            nursery.start_soon(node.run)
        yield opened
        nursery.cancel_scope.cancel()
