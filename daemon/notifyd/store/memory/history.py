"""The history of every channel.

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

from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication
from notifyd.policy.scopes import matches
from notifyd.store.memory.channel import Channel, ChannelBounds, Stamped
from notifyd.store.ports import ChannelInfo, History

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId
    from notifyd.store.memory.entry import Entry
    from notifyd.store.options import HistoryLimits

#: When there are too many channels one in so many is forgotten at once: each time costs a generation.
_FORGET_SHARE: Final = 16


class Stamping:
    """Stamps that were worked out and are not yet in force."""

    __slots__ = ("channels", "created", "heads", "stamped")

    def __init__(self) -> None:
        self.stamped: list[tuple[Entry, Channel, Publication]] = []
        self.created: dict[tuple[ClientId, str], Channel] = {}
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
        self._channels: OrderedDict[tuple[ClientId, str], Channel] = OrderedDict()
        #: (when its oldest is over age or sooner, id, channel) of each channel that keeps something.
        self._ages: list[tuple[int, int, Channel]] = []
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
            key = (notification.client_id, notification.channel)
            channel = self._channels.get(key) or stamping.created.get(key) or self._create(key, stamping)
            offset = heads.get(channel.id, channel.head) + 1
            heads[channel.id] = offset
            stamping.stamped.append((entry, channel, Publication(notification, channel.epoch, offset)))
        return stamping

    def keep(self, stamping: Stamping, *, now: int) -> list[int]:
        """Put *stamping* in force; answers the ids of channels that had to be forgotten for it."""
        for key, channel in stamping.created.items():
            self._channels[key] = channel
        touched: dict[int, Channel] = {}
        for entry, channel, publication in stamping.stamped:
            self._stamps += 1
            _mark(entry, channel, publication, self._stamps)
            channel.keep(publication, entry.size, now)
            self._size_bytes += entry.size
            touched[channel.id] = channel
        self._publications += len(stamping.stamped)
        for channel in touched.values():
            self._channels.move_to_end(channel.key)
            self._watch_age(channel)
            while channel.over_count():
                self._evict(channel)
        self._evict_over_bytes()
        return self._forget_channels()

    def adopt(self, channel: Channel) -> None:
        """Go on with a *channel* that a journal kept, its head set and nothing in it."""
        channel.bounds = self._bounds(channel.key[1])
        self._channels[channel.key] = channel
        self._next_channel_id = max(self._next_channel_id, channel.id + 1)

    def restore(self, channel: Channel, run: list[Stamped]) -> None:
        """Put in what a journal kept of an adopted *channel*."""
        channel.restore(run)
        self._publications += len(run)
        self._size_bytes += channel.size_bytes
        if run:
            self._watch_age(channel)

    def carry_over(self, entry: Entry, channel: Channel, offset: int, number: int) -> None:
        """Give *entry* back the place that it had before the daemon stopped, as the *number*th of all."""
        entry.carried_over = True
        _mark(entry, channel, Publication(entry.notification, channel.epoch, offset), number)
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
        self._ages.clear()
        for channel in self._channels.values():
            channel.bounds = self._bounds(channel.key[1])
            while channel.kept and channel.over_count():
                self._evict(channel)
            channel.ageing = bool(channel.kept)
            if channel.ageing:
                self._ages.append((channel.leaves_at(), channel.id, channel))
        heapq.heapify(self._ages)
        self._evict_over_bytes()

    def position(self, client_id: ClientId, channel: str) -> StreamPosition:
        """See `HistoryStore.position`."""
        known = self._channels.get((client_id, channel))
        return StreamPosition(self.epoch(self.generation), 0) if known is None else known.position()

    def since(self, client_id: ClientId, channel: str, position: StreamPosition, *, now: int) -> History:
        """See `HistoryStore.since`."""
        known = self._channels.get((client_id, channel))
        if known is not None:
            return known.since(position, now=now)
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
            key for key in self._channels if (client_id is None or key[0] == client_id) and key[1].startswith(prefix)
        ]
        found = heapq.nsmallest(limit, names, key=lambda key: (key[1], key[0]))
        return [self._channels[key].info() for key in found]

    def holds(self, client_id: ClientId, channel: str, channel_id: int, offset: int) -> bool:
        """Whether the publication is kept."""
        known = self._channels.get((client_id, channel))
        return known is not None and known.id == channel_id and known.holds(offset)

    def withhold(self, publication: Publication, channel_id: int | None) -> None:
        """Leave *publication*, which was given up, out of every read."""
        notification = publication.notification
        known = self._channels.get((notification.client_id, notification.channel))
        if known is not None and known.id == channel_id:
            known.withhold(publication.offset)

    def head(self, client_id: ClientId, channel: str, channel_id: int) -> int | None:
        """The newest offset of a channel that is still known by that id."""
        known = self._channels.get((client_id, channel))
        return known.head if known is not None and known.id == channel_id else None

    def trim(self, *, now: int) -> int:
        """See `HistoryStore.trim`."""
        before = self._publications
        while (channel := self._next_to_leave()) is not None and channel.leaves_at() <= now:
            self._evict(channel)
        return before - self._publications

    def usage(self) -> tuple[int, int, int]:
        """See `HistoryStore.usage`."""
        return len(self._channels), self._publications, self._size_bytes

    def _create(self, key: tuple[ClientId, str], stamping: Stamping) -> Channel:
        channel = Channel(self._next_channel_id, key, epoch=self.epoch(self.generation), generation=self.generation)
        channel.bounds = self._bounds(key[1])
        self._next_channel_id += 1
        stamping.created[key] = channel
        return channel

    def _bounds(self, name: str) -> ChannelBounds:
        limits = self._limits
        rule = next((rule for rule in limits.rules if matches((rule.pattern,), name)), None)
        count = None if rule is None else rule.max_publications
        age = None if rule is None else rule.max_age_seconds
        return ChannelBounds(
            limits.max_publications if count is None else count,
            int((limits.max_age_seconds if age is None else age) * 1000),
        )

    def _watch_age(self, channel: Channel) -> None:
        if not channel.ageing:
            channel.ageing = True
            heapq.heappush(self._ages, (channel.leaves_at(), channel.id, channel))

    def _evict(self, channel: Channel) -> None:
        self._size_bytes -= channel.evict()
        self._publications -= 1

    def _evict_over_bytes(self) -> None:
        while self._size_bytes > self._limits.max_bytes and (channel := self._next_to_leave()) is not None:
            self._evict(channel)

    def _next_to_leave(self) -> Channel | None:
        """The channel whose oldest publication is over age first; brings the heap up to date as far as needed."""
        ages = self._ages
        while ages:
            leaves_at, _, channel = ages[0]
            if not channel.kept:
                heapq.heappop(ages)[2].ageing = False
            elif channel.leaves_at() != leaves_at:
                heapq.heapreplace(ages, (channel.leaves_at(), channel.id, channel))
            else:
                return channel
        return None

    def _forget_channels(self) -> list[int]:
        if len(self._channels) <= self._limits.max_channels:
            return []
        spare = len(self._channels) - self._limits.max_channels + self._limits.max_channels // _FORGET_SHARE
        forgotten = [self._channels.popitem(last=False)[1] for _ in range(spare)]
        for channel in forgotten:
            while channel.kept:
                self._evict(channel)
        self.generation += 1
        return [channel.id for channel in forgotten]


def _mark(entry: Entry, channel: Channel, publication: Publication, number: int) -> None:
    entry.publication = publication
    entry.channel_id = channel.id
    entry.stamped_as = number
