"""What every engine promises of the kept publications of channels; see `store.ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import ClientId
from notifyd.model.position import StreamPosition
from notifyd.model.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.store.ports import Attendance, Lease

#: A client, and the name of a stream (`Notification.stream`).
StreamKey = tuple[ClientId, str]


class StreamsUnavailable(StoreUnavailable):
    """Some streams are away while the others can be served."""

    def __init__(self, message: str, streams: frozenset[StreamKey]) -> None:
        super().__init__(message)
        self.streams = streams


class History(msgspec.Struct, frozen=True):
    """The answer to a read of a channel's history."""

    #: The newest position at this moment.
    position: StreamPosition
    #: In offset order; empty when nothing is newer.
    publications: list[Publication]
    #: False: the asked position cannot be continued without a gap (other epoch, or trimmed); nothing is replayed then.
    recovered: bool
    #: Left out because they expired meanwhile, or were given up after they had got their place.
    skipped: int = 0


class ChannelInfo(msgspec.Struct, frozen=True):
    """What is kept of one channel."""

    client_id: ClientId
    channel: str
    position: StreamPosition
    publications: int
    size_bytes: int
    #: Instant of the newest publication, 0 for none.
    last_at: int


class HistoryStore(Protocol):
    """The kept publications of every channel.

    Guarantees: offsets per (client, channel, epoch) rise by one without gaps; stamping is idempotent per notification;
    a stamped publication is committed (survives a killed process) when `append` answers; the epoch changes when the
    stream was lost or cannot be vouched for. `position`, `since` and `latest` are answered from memory, without
    waiting, so that a caller can subscribe and read in one step; of a stream that is not attended they raise
    StoreUnavailable.
    """

    def attend(self, client_id: ClientId, channel: str) -> Attendance | None:
        """Have the stream at hand; None where it is already, and may be read at once."""
        ...

    async def append(self, leases: Sequence[Lease], *, now: int) -> list[Publication]:
        """Stamp leased notifications in the given order and keep them in their streams (`Notification.stream`).

        One for users is appended to the inbox of each, in the same commit, and comes back as one publication for each
        user, with its place in the inbox; and where it names connections too, as one more without a user. All of one
        lease stand together, in the order of the leases. None is of the kind PUSH.

        The one caller is this node's dispatcher; calls never overlap. Where several nodes share the engine, every node
        that has subscribers is told of the publications, this one included (`Broker.news`).

        Raises:
            StreamsUnavailable: some streams of these are away; the leases of all others may be given again at once.
            StoreUnavailable: the engine is away; the same leases may be given again.
        """
        ...

    def position(self, client_id: ClientId, channel: str) -> StreamPosition:
        """The newest position of a channel; a channel that was never seen gets an epoch and offset 0."""
        ...

    async def positions(self, channels: Sequence[StreamKey]) -> list[StreamPosition]:
        """The newest position of each, attended or not.

        Raises:
            StoreUnavailable: the engine is away.
        """
        ...

    def since(
        self, client_id: ClientId, channel: str, position: StreamPosition, *, now: int, limit: int | None = None
    ) -> History:
        """All publications after *position* that are kept, or `recovered` False.

        With a *limit* the first so many that may be given, found without a look at those behind them: fewer than
        *limit* means that there are no more, and `skipped` counts what was left out before the last of them.

        What has expired is left out, here and in `latest`, and so is what was settled as DEAD: what cannot be
        delivered live must not reach those who resume either.
        """
        ...

    def latest(
        self, client_id: ClientId, channel: str, *, limit: int, before_offset: int | None = None, now: int
    ) -> History:
        """The newest *limit* publications (older than *before_offset*), oldest first."""
        ...

    async def channels(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[ChannelInfo]:
        """What is kept of each channel, by name. The clients' own streams, named "", are left out.

        Raises:
            StoreUnavailable: the engine is away.
        """
        ...

    async def trim(self, *, now: int) -> int:
        """Let go of what is over age; answers how many publications went."""
        ...

    def usage(self) -> tuple[int, int, int]:
        """Channels, publications and bytes kept."""
        ...
