"""The streams that this node has at hand, and how much of them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from notifyd.store.memory.ages import Ages
from notifyd.store.memory.history import bounds_of
from notifyd.store.redis.history.stream_mirror import StreamMirror

if TYPE_CHECKING:
    from notifyd.model.ids import ClientId
    from notifyd.redislink.keys import Keys
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.memory.channel import Channel
    from notifyd.store.options import HistoryLimits
    from notifyd.store.redis.mirrors.mirror import Mirrors


class Streams:
    """Mirrors by client and channel, within the bounds of the history: of each, and of all in bytes."""

    def __init__(self, mirrors: Mirrors, keys: Keys, limits: HistoryLimits) -> None:
        self.limits = limits
        self._mirrors = mirrors
        self._keys = keys
        self._known: dict[StreamKey, StreamMirror] = {}
        self._ages: Ages[Channel] = Ages()
        self._numbers = count(1)
        self._size_bytes = 0

    def find(self, client_id: ClientId, channel: str) -> StreamMirror | None:
        """The mirror of a stream, which may not be ready."""
        return self._known.get((client_id, channel))

    def open(self, client_id: ClientId, channel: str) -> StreamMirror:
        """The mirror of a stream, which begins to follow it where there is none."""
        key = (client_id, channel)
        mirror = self._known.get(key)
        if mirror is None:
            tag, names = self._keys.channel(client_id, channel), self._keys.stream(client_id, channel)
            mirror = self._known[key] = StreamMirror(self._mirrors, self, key, tag, names, number=next(self._numbers))
            mirror.channel.bounds = bounds_of(self.limits, channel)
            self._mirrors.want(mirror)
        return mirror

    def close(self, key: StreamKey, channel: Channel) -> None:
        """The mirror of *channel* was let go of."""
        self.clear(channel)
        self._known.pop(key, None)
        self._ages.compact([mirror.channel for mirror in self._known.values()])

    def clear(self, channel: Channel) -> None:
        """Let go of all that is kept of *channel*."""
        while channel.kept:
            self._evict(channel)

    def grew(self, channel: Channel, size: int) -> None:
        """*channel* has got something of *size* bytes: let go of what is too much then."""
        self._size_bytes += size
        self._ages.watch(channel)
        while channel.over_count():
            self._evict(channel)
        while self._size_bytes > self.limits.max_bytes and (oldest := self._ages.oldest()) is not None:
            self._evict(oldest)

    def trim(self, *, now: int) -> None:
        """Let go of what is over age."""
        while (channel := self._ages.oldest()) is not None and channel.leaves_at() <= now:
            self._evict(channel)

    def configure(self, limits: HistoryLimits) -> None:
        """Use other bounds from now on."""
        self.limits = limits
        channels = [mirror.channel for mirror in self._known.values()]
        for channel in channels:
            channel.bounds = bounds_of(limits, channel.key[1])
            while channel.kept and channel.over_count():
                self._evict(channel)
        self._ages.rebuild(channels)

    def _evict(self, channel: Channel) -> None:
        self._size_bytes -= channel.evict()
