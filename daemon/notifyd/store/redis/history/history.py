"""The history in Redis: each stream under a tag of its own, read from this node's mirrors."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import trio

from notifyd.errors import StoreUnavailable
from notifyd.model.notification import Kind, State
from notifyd.model.position import StreamPosition
from notifyd.redislink.errors import unavailable
from notifyd.store.redis.history.index import HistoryIndex
from notifyd.store.redis.history.stamping import Stamper
from notifyd.store.redis.history.stream_mirror import Page, read_stream
from notifyd.store.redis.history.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from notifyd.model.ids import ClientId
    from notifyd.model.publication import Publication
    from notifyd.redislink.link import Link
    from notifyd.store.history_ports import ChannelInfo, History, StreamKey
    from notifyd.store.options import HistoryLimits
    from notifyd.store.ports import Attendance, Lease, Outcome
    from notifyd.store.redis.history.stream_mirror import StreamMirror
    from notifyd.store.redis.mirrors.mirror import Mirrors

_USERS: Final = Kind.USERS
#: What has no place in a stream.
_UNPLACED: Final = (Kind.PUSH, Kind.WEBHOOK)
_TICK_SECONDS: Final = 1.0


class Inboxes(Protocol):
    """Where notifications to users go."""

    async def place(self, stamped: Sequence[Publication], *, now: int) -> list[Publication]:
        """Append each of *stamped*, which have their places in the clients' own streams, to the inboxes of its users.

        Answers one publication for each user, those of one notification together and in the order given. Idempotent.

        Raises:
            StreamsUnavailable: what some of the users need is away.
            StoreUnavailable: some may be placed; they may be given again.
        """
        ...


class Placed(Protocol):
    """Who wants to know what has got its place in its stream."""

    def __call__(self, publications: Sequence[Publication], *, now: int) -> None:
        """*publications* have, before anything is known of inboxes."""
        ...


class RedisHistory:
    """A `HistoryStore` in Redis. See the port for the guarantees.

    What is stamped is committed, and told to every node that attends the stream, by one script for each stream. What
    is for users is placed in their inboxes after that, each by a script of its own; given again, both answer the same
    places.
    """

    def __init__(
        self, link: Link, mirrors: Mirrors, limits: HistoryLimits, inboxes: Inboxes, *, clock: Callable[[], int]
    ) -> None:
        self._link = link
        self._inboxes = inboxes
        self._clock = clock
        self._streams = Streams(mirrors, link.keys, limits)
        self._index = HistoryIndex(link, limits, node=mirrors.interest.node)
        self._stamper = Stamper(link, limits, self._streams, mirrors.news)
        self._news = mirrors.news
        #: Told what has got its place in its stream.
        self.placed: Placed = _nobody
        self._line = link.line("history")
        #: Something is to be left out of every read.
        self._hurry = trio.Event()
        self.usage = self._index.usage

    async def run(self) -> None:
        """See to the bounds until cancelled."""
        while True:
            with trio.move_on_after(_TICK_SECONDS):
                await self._hurry.wait()
            self._hurry = trio.Event()
            now = self._clock()
            self._streams.trim(now=now)
            # away: the next tick does it
            with suppress(StoreUnavailable):
                await self._stamper.let_go()
                await self._index.upkeep(now=now)

    async def flush_for_stop(self) -> None:
        """Have said what was to be said in time; where Redis is away that is found by others, or forgotten in time."""
        with suppress(StoreUnavailable):
            await self._stamper.let_go()
            await self._index.say()

    async def refresh(self) -> None:
        """Have all bounds kept and the figures as they are now.

        Raises:
            StoreUnavailable: Redis is away.
        """
        await self._index.upkeep(now=self._clock())

    def configure(self, limits: HistoryLimits) -> None:
        """Use other bounds from now on."""
        self._streams.configure(limits)
        self._stamper.limits = limits
        self._index.configure(limits)

    def attend(self, client_id: ClientId, channel: str) -> Attendance | None:
        """See `HistoryStore.attend`."""
        return self._streams.open(client_id, channel).attend()

    async def append(self, leases: Sequence[Lease], *, now: int) -> list[Publication]:
        """See `HistoryStore.append`."""
        self._news.begin()
        stamped = await self._stamper.stamp(leases, now=now)
        for stamps in stamped:
            self._index.note(stamps, now=now)
        by_id = {publication.notification.id: publication for stamps in stamped for publication in stamps.publications}
        publications = [by_id[lease.notification.id] for lease in leases]
        self.placed(publications, now=now)
        for_users = [each for each in publications if each.notification.kind is _USERS]
        return await self._with_copies(publications, for_users, now) if for_users else publications

    def settled(self, outcomes: Iterable[Outcome]) -> None:
        """These ended: their places need not be remembered, and what is DEAD is left out of every read."""
        for outcome in outcomes:
            notification, dead = outcome.lease.notification, outcome.state is State.DEAD
            if notification.kind in _UNPLACED:
                continue
            self._stamper.forget(notification, withhold=dead)
            if dead:
                mirror = self._streams.find(notification.client_id, notification.stream)
                if mirror is not None:
                    mirror.withhold(notification.id)
                self._hurry.set()

    def position(self, client_id: ClientId, channel: str) -> StreamPosition:
        """See `HistoryStore.position`."""
        return self._at_hand(client_id, channel).channel.position()

    async def positions(self, channels: Sequence[StreamKey]) -> list[StreamPosition]:
        """See `HistoryStore.positions`."""
        replies = [read_stream(self._line, self._link.keys.stream(*key), limit=0) for key in channels]
        pages = [Page.of(await reply.wait()) for reply in replies]
        return [StreamPosition(page.epoch, page.head) for page in pages]

    def since(
        self, client_id: ClientId, channel: str, position: StreamPosition, *, now: int, limit: int | None = None
    ) -> History:
        """See `HistoryStore.since`."""
        return self._at_hand(client_id, channel).channel.since(position, now=now, limit=limit)

    def latest(
        self, client_id: ClientId, channel: str, *, limit: int, before_offset: int | None = None, now: int
    ) -> History:
        """See `HistoryStore.latest`."""
        return self._at_hand(client_id, channel).channel.latest(limit=limit, before_offset=before_offset, now=now)

    async def channels(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[ChannelInfo]:
        """See `HistoryStore.channels`."""
        return await self._index.channels(client_id, prefix=prefix, limit=limit)

    async def trim(self, *, now: int) -> int:
        """See `HistoryStore.trim`; of all nodes together, and of this node's memory."""
        self._streams.trim(now=now)
        return await self._index.upkeep(now=now, alone=True)

    def _at_hand(self, client_id: ClientId, channel: str) -> StreamMirror:
        mirror = self._streams.find(client_id, channel)
        if mirror is None or not mirror.ready:
            raise unavailable("the channel is not at hand: attend it first")
        mirror.used_at = trio.current_time()
        return mirror

    async def _with_copies(
        self, publications: Sequence[Publication], for_users: Sequence[Publication], now: int
    ) -> list[Publication]:
        copies: dict[str, list[Publication]] = {}
        for copy in await self._inboxes.place(for_users, now=now):
            copies.setdefault(copy.notification.id, []).append(copy)
        found: list[Publication] = []
        for publication in publications:
            notification = publication.notification
            if notification.kind is not _USERS:
                found.append(publication)
                continue
            found += copies.get(notification.id, ())
            if notification.connections:
                found.append(publication)
        return found


def _nobody(publications: Sequence[Publication], *, now: int) -> None:
    """Nobody wants to know."""
