"""Telling those in a channel who comes and who goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.presence import PresenceChange
from notifyd.policy.presence import PresenceRules, is_operator, member_key

if TYPE_CHECKING:
    from notifyd.hub.channel import ChannelKey
    from notifyd.hub.connection import Connection
    from notifyd.hub.hub import Hub
    from notifyd.telemetry.metrics import Counters

#: Makes the frame of a join or a leave.
ChangeEncoder = Callable[[PresenceChange], bytes]

#: Of one channel: its changes by the keys of the members.
_Changes = dict[str, PresenceChange]

#: Writes between two turns of everybody else, as in the fan-out.
_WRITES_PER_TURN: Final = 64

#: Between two batches, so that a crowd that comes back after an outage is told of in a few writes.
_PAUSE_SECONDS: Final = 0.05


class PresenceNews:
    """Collects joins and leaves, and writes them in batches: to each connection what it is to know in one write.

    A member that leaves and comes back within a batch, or the other way round, is not told of.
    """

    def __init__(self, hub: Hub, encoders: Mapping[str, ChangeEncoder], counters: Counters) -> None:
        self._hub = hub
        #: By the formats of connections; who has another one is not told.
        self._encoders = encoders
        self._counters = counters
        self.rules = PresenceRules()
        self._waiting: dict[ChannelKey, _Changes] = {}
        self._count = 0
        self._doorbell = trio.Event()

    @property
    def waiting(self) -> int:
        """Joins and leaves that are still to be told."""
        return self._count

    def tell(self, change: PresenceChange) -> None:
        """Have the other subscribers of the channel told soon, unless there are too many of them."""
        key = (change.client_id, change.channel)
        who = _member_of(change)
        changes = self._waiting.get(key)
        if changes is not None and changes.pop(who, None) is not None:
            self._count -= 1  # nobody has heard of what this undoes
            return
        if self._hub.subscriber_count(*key) > self.rules.max_notified:
            return
        if self._count >= self.rules.max_waiting:
            self._counters.presence_dropped += 1
            return
        self._waiting.setdefault(key, {})[who] = change
        self._count += 1
        self._doorbell.set()

    async def run(self) -> None:
        """Tell what is to be told until cancelled."""
        while True:
            await self._doorbell.wait()
            self._doorbell = trio.Event()
            waiting, self._waiting, self._count = self._waiting, {}, 0
            await self._write(waiting)
            await trio.sleep(_PAUSE_SECONDS)

    async def _write(self, waiting: Mapping[ChannelKey, _Changes]) -> None:
        readers: dict[Connection, list[_News]] = {}
        for key, changes in waiting.items():
            news = _News(key[1], changes, self._encoders)
            for connection in self._readers_of(key) if changes else ():
                readers.setdefault(connection, []).append(news)
        for count, (connection, all_news) in enumerate(readers.items(), 1):
            self._write_to(connection, all_news)
            if not count % _WRITES_PER_TURN:
                await trio.lowlevel.checkpoint()

    def _readers_of(self, key: ChannelKey) -> Iterable[Connection]:
        live = self._hub.channel(*key)
        if live is None or len(live) > self.rules.max_notified:
            return ()
        return (
            connection
            for connection in (*live.subscribers, *live.receivers)
            if connection.format in self._encoders and connection.principal and not is_operator(connection.principal)
        )

    def _write_to(self, connection: Connection, all_news: Iterable[_News]) -> None:
        # others had their turn: it may be gone, or have left a channel
        subscribed = connection.subscriptions or ()
        frames = b"".join(news.frames_for(connection) for news in all_news if news.channel in subscribed)
        if frames and not connection.ended and not connection.put(frames):
            self._hub.slow.cut(connection)


class _News:
    """The changes in one channel: encoded once for each format."""

    __slots__ = ("_changes", "_encoders", "_frames", "channel")

    def __init__(self, channel: str, changes: _Changes, encoders: Mapping[str, ChangeEncoder]) -> None:
        self.channel = channel
        self._changes = changes
        self._encoders = encoders
        self._frames: dict[str, tuple[dict[str, bytes], bytes]] = {}

    def frames_for(self, connection: Connection) -> bytes:
        """What *connection* is told: of everybody but its own member."""
        principal = connection.principal
        assert principal is not None, "only authenticated connections subscribe"
        each, joined = self._encoded(connection.format)
        who = member_key(principal.user_id, connection.id)
        if who not in each:
            return joined
        return b"".join(frame for key, frame in each.items() if key != who)

    def _encoded(self, format_: str) -> tuple[dict[str, bytes], bytes]:
        found = self._frames.get(format_)
        if found is None:
            encode = self._encoders[format_]
            each = {key: encode(change) for key, change in self._changes.items()}
            found = self._frames[format_] = (each, b"".join(each.values()))
        return found


def _member_of(change: PresenceChange) -> str:
    return member_key(change.member.user_id, change.member.connection_ids[0])
