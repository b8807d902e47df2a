"""Nodes that have nothing but inboxes, over one Redis."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from notifyd.model.ids import DEFAULT_CLIENT, ClientId, NotificationId, UserId
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.redislink.link import open_link
from notifyd.store.options import InboxLimits
from notifyd.store.redis.inbox.inbox import RedisInbox
from notifyd.store.redis.mirrors.interest import Interest
from notifyd.store.redis.mirrors.mirror import Mirrors
from notifyd.store.redis.mirrors.news import RedisNews
from notifyd.telemetry.metrics import Counters
from tests.store.samples import T0, expire, for_users

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from notifyd.model.notification import Notification
    from notifyd.model.receipt import InboxState
    from notifyd.model.restarted import Restarted
    from notifyd.model.timeline import TimelineEvent
    from notifyd.redislink.link import Link
    from notifyd.redislink.options import RedisOptions
    from notifyd.store.history_ports import History

_numbers = itertools.count(1)
_offsets = itertools.count(1)
ANNA, BERT, CORA = UserId("anna"), UserId("bert"), UserId("cora")


class Book:
    """What the receipts were told, in order; all nodes of a test share it."""

    def __init__(self) -> None:
        self.places: list[tuple[NotificationId, UserId, int]] = []
        self.ends: list[tuple[NotificationId, UserId, InboxState]] = []
        self.events: list[tuple[NotificationId, str, str]] = []
        self.pushes: list[tuple[NotificationId, int, int, str]] = []

    def note(self, notification_id: NotificationId, event: TimelineEvent, *, acked: int = 0) -> None:
        self.events.append((notification_id, event.happening.value, event.user_id))

    def placed(self, notification: Notification, places: Sequence[tuple[UserId, StreamPosition]]) -> None:
        self.places += [(notification.id, user_id, place.offset) for user_id, place in places]

    def ended(self, notification_id: NotificationId, client_id: ClientId, user_id: UserId, state: InboxState) -> None:
        self.ends.append((notification_id, user_id, state))

    def pushed(self, push: Notification, *, pushed: int, failed: int, reason: str) -> None:
        self.pushes.append((push.parent, pushed, failed, reason))


class Node:
    """One daemon's inboxes and what stands behind them."""

    def __init__(self, link: Link, limits: InboxLimits, book: Book) -> None:
        self.link = link
        self.interest = Interest(link.line("interest"), f"node-{next(_numbers)}")
        self.news = RedisNews(link.keys, self.interest)
        self.mirrors = Mirrors(link, self.interest, self.news, patience_seconds=7)
        self.counters = Counters()
        self.inbox = RedisInbox(self.mirrors, 4, book, limits, self.counters, clock=lambda: T0)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            for part in (self.link, self.interest, self.mirrors, self.inbox):
                nursery.start_soon(part.run)

    async def attend(self, *users: UserId) -> None:
        for user in users:
            attendance = self.inbox.attend(DEFAULT_CLIENT, user)
            if attendance is not None:
                await attendance.wait()

    async def publish(self, *notifications: Notification, now: int = T0) -> list[Publication]:
        """Place them, as those that have their places in the client's own stream."""
        stamped = [Publication(each, "own", next(_offsets)) for each in notifications]
        return await self.inbox.place(stamped, now=now)

    async def to(self, *users: UserId, count: int = 1, now: int = T0) -> list[Publication]:
        """As many for these users."""
        return await self.publish(*[for_users(*users, at=now) for _ in range(count)], now=now)

    def at(self, offset: int, user: UserId = ANNA) -> StreamPosition:
        return StreamPosition(self.inbox.position(DEFAULT_CLIENT, user).epoch, offset)

    def since(self, offset: int | None = None, user: UserId = ANNA, *, now: int = T0) -> History:
        position = None if offset is None else self.at(offset, user)
        return self.inbox.since(DEFAULT_CLIENT, user, position, now=now)

    def kept(self, user: UserId = ANNA) -> list[NotificationId]:
        return [each.notification.id for each in self.since(user=user).publications]

    def advance(self, offset: int, user: UserId = ANNA, *, now: int = T0) -> int:
        return self.inbox.advance(DEFAULT_CLIENT, user, self.at(offset, user), now=now)

    def cursor(self, user: UserId = ANNA) -> int:
        info = self.inbox.info(DEFAULT_CLIENT, user)
        return 0 if info is None else info.cursor

    def ended(self, offset: int, user: UserId = ANNA) -> InboxState | None:
        """How this node knows the place to have ended."""
        item = self.inbox._item((DEFAULT_CLIENT, user), self.at(offset, user))
        return None if item is None else item.ended

    async def get(self, count: int) -> list[Publication | Restarted]:
        """The next *count* news."""
        found: list[Publication | Restarted] = []
        while len(found) < count:
            found += await self.news.take()
        assert len(found) == count
        return found


@asynccontextmanager
async def nodes(options: RedisOptions, count: int = 1, **limits: object) -> AsyncIterator[tuple[Book, list[Node]]]:
    """So many nodes that run, over one Redis, and the receipts that they share."""
    book = Book()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(expire, 30)
        bounds = InboxLimits(**limits)  # type: ignore[arg-type]
        opened = [Node(await open_link(options), bounds, book) for _ in range(count)]
        for node in opened:
            nursery.start_soon(node.run)
        yield book, opened
        nursery.cancel_scope.cancel()
