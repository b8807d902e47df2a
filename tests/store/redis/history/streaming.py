"""Nodes that have nothing but streams, over one Redis."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from notifyd.model.ids import DEFAULT_CLIENT
from notifyd.redislink.link import open_link
from notifyd.store.options import HistoryLimits
from notifyd.store.ports import Lease
from notifyd.store.redis.history.history import RedisHistory
from notifyd.store.redis.mirrors.interest import Interest
from notifyd.store.redis.mirrors.mirror import Mirrors
from notifyd.store.redis.mirrors.news import RedisNews
from tests.store.samples import T0, expire, notification

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from notifyd.model.ids import ClientId
    from notifyd.model.notification import Notification
    from notifyd.model.publication import Publication
    from notifyd.model.restarted import Restarted
    from notifyd.redislink.link import Link
    from notifyd.redislink.options import RedisOptions

_numbers = itertools.count(1)


class NoInboxes:
    """Nobody is kept anything."""

    async def place(self, stamped: Sequence[Publication], *, now: int) -> list[Publication]:
        await trio.lowlevel.checkpoint()
        return []


class Node:
    """One daemon's history and what stands behind it."""

    def __init__(self, link: Link, limits: HistoryLimits, *, max_waiting: int = 1000, idle_seconds: float = 30) -> None:
        self.link = link
        self.name = f"node-{next(_numbers)}"
        self.interest = Interest(link.line("interest"), self.name)
        self.news = RedisNews(link.keys, self.interest, max_waiting=max_waiting)
        self.mirrors = Mirrors(link, self.interest, self.news, patience_seconds=7, idle_seconds=idle_seconds)
        self.history = RedisHistory(link, self.mirrors, limits, NoInboxes(), clock=lambda: T0)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for part in (self.link, self.interest, self.mirrors, self.history):
                nursery.start_soon(part.run)

    async def attend(self, channel: str = "orders", client: ClientId = DEFAULT_CLIENT) -> None:
        attendance = self.history.attend(client, channel)
        if attendance is not None:
            await attendance.wait()

    async def publish(self, *channels: str, now: int = T0, fence: int = 1) -> list[Publication]:
        return await self.stamp([notification(channel, at=now) for channel in channels], now=now, fence=fence)

    async def stamp(self, notifications: Sequence[Notification], *, now: int = T0, fence: int = 1) -> list[Publication]:
        leases = [Lease(each, 0, 1, 0, fence) for each in notifications]
        return await self.history.append(leases, now=now)

    async def get(self, count: int) -> list[Publication | Restarted]:
        """The next *count* news."""
        found: list[Publication | Restarted] = []
        while len(found) < count:
            found += await self.news.take()
        assert len(found) == count
        return found


@asynccontextmanager
async def nodes(
    options: RedisOptions, count: int = 1, *, max_waiting: int = 1000, idle_seconds: float = 30, **limits: object
) -> AsyncIterator[list[Node]]:
    """So many nodes that run, over one Redis."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expire, 30)
        bounds = HistoryLimits(**limits)  # type: ignore[arg-type]
        links = [await open_link(options) for _ in range(count)]
        opened = [Node(link, bounds, max_waiting=max_waiting, idle_seconds=idle_seconds) for link in links]
        for node in opened:
            nursery.start_soon(node.run)
        yield opened
        nursery.cancel_scope.cancel()
