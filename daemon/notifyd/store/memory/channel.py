"""The kept publications of one channel."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from notifyd.model.position import StreamPosition
from notifyd.store.history_ports import ChannelInfo, History

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId
    from notifyd.model.publication import Publication


class Stamped(NamedTuple):
    """A publication as a journal kept it."""

    publication: Publication
    size: int
    stamped_at: int


class ChannelBounds:
    """How much of one channel is kept."""

    __slots__ = ("max_age_ms", "max_publications")

    def __init__(self, max_publications: int, max_age_ms: int) -> None:
        self.max_publications = max_publications
        self.max_age_ms = max_age_ms


def withheld(publication: Publication) -> Publication:
    """*publication* as one that has always been expired."""
    return replace(publication, notification=replace(publication.notification, expires_at=0))


class Channel:
    """A run of publications without gaps that ends at `head`."""

    __slots__ = ("ageing", "bounds", "epoch", "generation", "head", "id", "kept", "key", "size_bytes", "stamped_at")

    def __init__(self, channel_id: int, key: tuple[ClientId, str], *, epoch: str, generation: int) -> None:
        self.id = channel_id
        #: Its client and its name, "" for the client's own stream.
        self.key = key
        self.epoch = epoch
        self.generation = generation
        #: Offset of the newest publication, 0 before the first.
        self.head = 0
        self.kept: deque[Publication] = deque()
        #: When each of `kept` was stamped.
        self.stamped_at: deque[int] = deque()
        self.size_bytes = 0
        self.bounds = ChannelBounds(0, 0)
        #: Whether it is among those whose age is watched.
        self.ageing = False

    def keep(self, publication: Publication, size: int, now: int) -> None:
        """Append the publication that follows `head`, of *size* bytes."""
        self.head = publication.offset
        self.kept.append(publication)
        self.stamped_at.append(now)
        self.size_bytes += size

    def restore(self, run: list[Stamped]) -> None:
        """Keep *run*, which leads up to `head`."""
        self.kept = deque([item.publication for item in run])
        self.stamped_at = deque([item.stamped_at for item in run])
        self.size_bytes = sum([item.size for item in run])

    def evict(self) -> int:
        """Let go of the oldest; answers its bytes."""
        size = self.kept.popleft().notification.size()
        self.stamped_at.popleft()
        self.size_bytes -= size
        return size

    def empty(self) -> bool:
        """Whether nothing is kept."""
        return not self.kept

    def leaves_at(self) -> int:
        """When the oldest is over age. Only with something kept."""
        return self.stamped_at[0] + self.bounds.max_age_ms

    def over_count(self) -> bool:
        """Whether more is kept than may be."""
        return len(self.kept) > self.bounds.max_publications

    def position(self) -> StreamPosition:
        """The newest position."""
        return StreamPosition(self.epoch, self.head)

    def holds(self, offset: int) -> bool:
        """Whether the publication with *offset* is kept."""
        return self.head - len(self.kept) < offset <= self.head

    def withhold(self, offset: int) -> None:
        """Leave the publication with *offset* out of every read: its place is spent, and it is for nobody."""
        if self.holds(offset):
            place = offset - self.head - 1
            self.kept[place] = withheld(self.kept[place])

    def since(self, position: StreamPosition, *, now: int, limit: int | None = None) -> History:
        """See `HistoryStore.since`."""
        missed = self.head - position.offset
        if position.epoch != self.epoch or not 0 <= missed <= len(self.kept):
            return History(self.position(), [], recovered=False)
        if limit is not None:
            return self._page(missed, limit, now)
        newer = list(islice(reversed(self.kept), missed))
        newer.reverse()
        alive = [publication for publication in newer if publication.notification.expires_at > now]
        return History(self.position(), alive, recovered=True, skipped=len(newer) - len(alive))

    def latest(self, *, limit: int, before_offset: int | None, now: int) -> History:
        """See `HistoryStore.latest`."""
        found: list[Publication] = []
        skipped = 0
        newer = 0 if before_offset is None else max(0, self.head - before_offset + 1)
        for publication in islice(reversed(self.kept), newer, None):
            if len(found) >= limit:
                break
            if publication.notification.expires_at > now:
                found.append(publication)
            else:
                skipped += 1
        found.reverse()
        return History(self.position(), found, recovered=True, skipped=skipped)

    def _page(self, missed: int, limit: int, now: int) -> History:
        """The first *limit* of the newest *missed*, without a look at those behind them."""
        alive: list[Publication] = []
        skipped = 0
        for place in range(-missed, 0):
            if len(alive) >= limit:
                break
            publication = self.kept[place]
            if publication.notification.expires_at > now:
                alive.append(publication)
            else:
                skipped += 1
        return History(self.position(), alive, recovered=True, skipped=skipped)

    def info(self) -> ChannelInfo:
        """What is kept, in numbers."""
        last_at = self.stamped_at[-1] if self.stamped_at else 0
        return ChannelInfo(*self.key, self.position(), len(self.kept), self.size_bytes, last_at)
