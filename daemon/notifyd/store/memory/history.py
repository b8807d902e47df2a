"""The history of every channel, and the own stream of every client, which is kept like a channel named "".

**Epochs.** A store has one base epoch, random, made with it and made anew when its numbering cannot be vouched for. A
channel's epoch is that base and the *generation* in which the channel was first seen, joined by a dot; generation 0 is
left out. Whenever channels are forgotten because there are too many, the generation goes up by one, so that a
forgotten channel that comes back numbers from 1 in an epoch it never had before. A channel without a publication
needs no memory at all: its position is the present epoch at offset 0, before and after a restart. (If other channels
are forgotten between that answer and its first publication, the epoch differs and its subscriber starts afresh:
needlessly, yet safely.)
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from notifyd.model.notification import Kind
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.policy.access.scopes import matches
from notifyd.store.history_ports import ChannelInfo, History
from notifyd.store.memory.ages import Ages
from notifyd.store.memory.channel import Channel, ChannelBounds, Stamped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.memory.entry import Entry
    from notifyd.store.options import HistoryLimits

#: When there are too many channels one in so many is forgotten at once: each time costs a generation.
_FORGET_SHARE: Final = 16

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_CHANNEL: Final = Kind.CHANNEL


class Stamping:
    """Stamps that were worked out and are not yet in force."""

    __slots__ = ("created", "heads", "own", "stamped")

    def __init__(self) -> None:
        self.stamped: list[tuple[Entry, Channel, Publication]] = []
        #: Of these, what is in the clients' own streams.
        self.own: list[tuple[Entry, Publication]] = []
        self.created: dict[StreamKey, Channel] = {}
        #: Newest offset of each touched channel, these stamps included.
        self.heads: dict[int, int] = {}


class MemoryHistory:
    """Publications by channel, bounded by number and age in each and by bytes over all."""

    def __init__(
        self, limits: HistoryLimits, *, base_epoch: str, generation: int = 0, first_channel_id: int = 1
    ) -> None:
        self.generation = generation
        self._base_epoch = base_epoch
        self._limits = limits
        self._next_channel_id = first_channel_id
        #: The one without a publication for the longest time first.
        self._channels: OrderedDict[StreamKey, Channel] = OrderedDict()
        self._ages: Ages[Channel] = Ages()
        self._stamps = self._publications = 0
        self._size_bytes = 0

    def epoch(self, generation: int) -> str:
        """The epoch of channels first seen in *generation*."""
        return f"{self._base_epoch}.{generation}" if generation else self._base_epoch

    def stamp(self, entries: Sequence[Entry]) -> Stamping:
        """Work out the places of *entries* that have none; nothing changes before `keep`."""
        stamping = Stamping()
        heads = stamping.heads
        for entry in entries:
            notification = entry.notification
            # `Notification.stream`, spelt out because this is done for everything that is published
            stream = notification.channel if notification.kind is _CHANNEL else ""
            key = (notification.client_id, stream)
            channel = self._channels.get(key) or stamping.created.get(key) or self._create(key, stamping)
            offset = heads.get(channel.id, channel.head) + 1
            heads[channel.id] = offset
            publication = Publication(notification, channel.epoch, offset)
            stamping.stamped.append((entry, channel, publication))
            if not stream:
                stamping.own.append((entry, publication))
        return stamping

    def keep(self, stamping: Stamping, *, now: int) -> list[int]:
        """Put *stamping* in force; answers the ids of channels that had to be forgotten for it."""
        self._channels.update(stamping.created)
        touched: dict[int, Channel] = {}
        for entry, channel, publication in stamping.stamped:
            self._stamps += 1
            _mark(entry, channel, publication, self._stamps)
            channel.keep(publication, entry.size, now)
            self._size_bytes += entry.size
            touched[channel.id] = channel
        for entry, _ in stamping.own:
            entry.said_to_wait = True
        self._publications += len(stamping.stamped)
        for channel in touched.values():
            self._channels.move_to_end(channel.key)
            self._ages.watch(channel)
            while channel.over_count():
                self._evict(channel)
        self._evict_over_bytes()
        return self._forget_channels()

    def adopt(self, channel: Channel) -> None:
        """Go on with a *channel* that a journal kept, its head set and nothing in it."""
        channel.bounds = bounds_of(self._limits, channel.key[1])
        self._channels[channel.key] = channel
        self._next_channel_id = max(self._next_channel_id, channel.id + 1)

    def restore(self, channel: Channel, run: list[Stamped]) -> None:
        """Put in what a journal kept of an adopted *channel*."""
        channel.restore(run)
        self._publications += len(run)
        self._size_bytes += channel.size_bytes
        if run:
            self._ages.watch(channel)

    def carry_over(self, entry: Entry, channel: Channel | None, offset: int, number: int) -> None:
        """Give *entry* back the place that it had before the daemon stopped, as the *number*th of all.

        None: its stream was forgotten, and it has no place there any more.
        """
        entry.said_to_wait = True
        entry.stamped_as = number
        if channel is None:
            entry.publication = Publication(entry.notification, "", 0)
        else:
            entry.publication = Publication(entry.notification, channel.epoch, offset)
            entry.channel_id = channel.id
        self._stamps = max(self._stamps, number)

    def restored(self, *, after_channel_id: int) -> None:
        """All was put in: order the channels by their last publication, and give no channel id twice."""
        self._evict_over_bytes()
        self._next_channel_id = max(self._next_channel_id, after_channel_id + 1)
        for channel in sorted(self._channels.values(), key=lambda c: c.stamped_at[-1] if c.stamped_at else 0):
            self._channels.move_to_end(channel.key)

    def configure(self, limits: HistoryLimits) -> None:
        """Use other bounds from now on."""
        self._limits = limits
        for channel in self._channels.values():
            channel.bounds = bounds_of(self._limits, channel.key[1])
            while channel.kept and channel.over_count():
                self._evict(channel)
        self._ages.rebuild(self._channels.values())
        self._evict_over_bytes()

    def position(self, client_id: ClientId, channel: str) -> StreamPosition:
        """See `HistoryStore.position`."""
        known = self._channels.get((client_id, channel))
        return StreamPosition(self.epoch(self.generation), 0) if known is None else known.position()

    def since(
        self, client_id: ClientId, channel: str, position: StreamPosition, *, now: int, limit: int | None = None
    ) -> History:
        """See `HistoryStore.since`."""
        known = self._channels.get((client_id, channel))
        if known is not None:
            return known.since(position, now=now, limit=limit)
        newest = self.position(client_id, channel)
        return History(newest, [], recovered=position == newest)

    def latest(
        self, client_id: ClientId, channel: str, *, limit: int, before_offset: int | None = None, now: int
    ) -> History:
        """See `HistoryStore.latest`."""
        known = self._channels.get((client_id, channel))
        if known is None:
            return History(self.position(client_id, channel), [], recovered=True)
        return known.latest(limit=limit, before_offset=before_offset, now=now)

    def channels(self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000) -> list[ChannelInfo]:
        """See `HistoryStore.channels`."""
        names = [
            key
            for key in self._channels
            if key[1] and (client_id is None or key[0] == client_id) and key[1].startswith(prefix)
        ]
        found = heapq.nsmallest(limit, names, key=lambda key: (key[1], key[0]))
        return [self._channels[key].info() for key in found]

    def holds(self, client_id: ClientId, stream: str, channel_id: int, offset: int) -> bool:
        """Whether the publication is kept."""
        known = self._channels.get((client_id, stream))
        return known is not None and known.id == channel_id and known.holds(offset)

    def withhold(self, publication: Publication, channel_id: int | None) -> None:
        """Leave *publication*, which was given up, out of every read."""
        notification = publication.notification
        known = self._channels.get((notification.client_id, notification.stream))
        if known is not None and known.id == channel_id:
            known.withhold(publication.offset)

    def stamped_at(self, entry: Entry) -> int:
        """When *entry* was stamped, or 0 where its publication is kept no more."""
        notification, publication = entry.notification, entry.publication
        known = self._channels.get((notification.client_id, notification.stream))
        if known is None or publication is None or known.id != entry.channel_id or not known.holds(publication.offset):
            return 0
        return known.stamped_at[publication.offset - known.head - 1]

    def head(self, client_id: ClientId, stream: str, channel_id: int) -> int | None:
        """The newest offset of a stream that is still known by that id."""
        known = self._channels.get((client_id, stream))
        return known.head if known is not None and known.id == channel_id else None

    def trim(self, *, now: int) -> int:
        """See `HistoryStore.trim`."""
        before = self._publications
        while (channel := self._ages.oldest()) is not None and channel.leaves_at() <= now:
            self._evict(channel)
        return before - self._publications

    def usage(self) -> tuple[int, int, int]:
        """See `HistoryStore.usage`."""
        return len(self._channels), self._publications, self._size_bytes

    def _create(self, key: StreamKey, stamping: Stamping) -> Channel:
        channel = Channel(self._next_channel_id, key, epoch=self.epoch(self.generation), generation=self.generation)
        channel.bounds = bounds_of(self._limits, key[1])
        self._next_channel_id += 1
        stamping.created[key] = channel
        return channel

    def _evict(self, channel: Channel) -> None:
        self._size_bytes -= channel.evict()
        self._publications -= 1

    def _evict_over_bytes(self) -> None:
        while self._size_bytes > self._limits.max_bytes and (channel := self._ages.oldest()) is not None:
            self._evict(channel)

    def _forget_channels(self) -> list[int]:
        if len(self._channels) <= self._limits.max_channels:
            return []
        spare = len(self._channels) - self._limits.max_channels + self._limits.max_channels // _FORGET_SHARE
        forgotten = [self._channels.popitem(last=False)[1] for _ in range(spare)]
        for channel in forgotten:
            while channel.kept:
                self._evict(channel)
        self._ages.compact(self._channels.values())
        self.generation += 1
        return [channel.id for channel in forgotten]


def bounds_of(limits: HistoryLimits, name: str) -> ChannelBounds:
    """How much is kept of the channel *name*, or of a client's own stream for ""."""
    # a pattern is about channels: a client's own stream is none
    rules = limits.rules if name else ()
    rule = next((rule for rule in rules if matches((rule.pattern,), name)), None)
    count = None if rule is None else rule.max_publications
    age = None if rule is None else rule.max_age_seconds
    return ChannelBounds(
        limits.max_publications if count is None else count,
        int((limits.max_age_seconds if age is None else age) * 1000),
    )


def _mark(entry: Entry, channel: Channel, publication: Publication, number: int) -> None:
    entry.publication = publication
    entry.channel_id = channel.id
    entry.stamped_as = number
