"""Gives leased notifications their places, one script for each stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from notifyd.errors import StoreUnavailable
from notifyd.model.ids import UserId
from notifyd.model.notification import Kind
from notifyd.model.publication import Publication
from notifyd.redislink.errors import Refused, unavailable
from notifyd.redislink.scripts import load_script
from notifyd.store.memory.history import bounds_of
from notifyd.store.redis.away import AwayStreams
from notifyd.store.redis.history.stream_mirror import new_epoch
from notifyd.wire.stored import encode_notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.notification import Notification
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.options import HistoryLimits
    from notifyd.store.ports import Lease
    from notifyd.store.redis.history.streams import Streams
    from notifyd.store.redis.mirrors.news import RedisNews

_STAMP: Final = load_script("notifyd.store.redis.history", "stamp")
_WITHHOLD: Final = load_script("notifyd.store.redis.history", "withhold")
#: One call of a script blocks the server for as long as it takes.
_AT_ONCE: Final = 500
_CALL_BYTES: Final = 4 << 20

#: Bound here because to look a member up in its enum takes longer than what is done with it.
_CHANNEL: Final = Kind.CHANNEL


class Stamped(NamedTuple):
    """What one call has stamped in one stream, and what is kept there now."""

    key: StreamKey
    publications: list[Publication]
    epoch: str
    head: int
    kept: int
    size_bytes: int
    oldest_at: int


class _Call:
    """What goes to one stream in one call."""

    __slots__ = ("fence", "key", "notifications", "shard", "size_bytes", "sizes", "stored")

    def __init__(self, key: StreamKey, lease: Lease) -> None:
        self.key = key
        self.shard = lease.shard
        self.fence = lease.fence
        self.notifications: list[Notification] = []
        self.sizes: list[int] = []
        self.stored: list[bytes] = []
        self.size_bytes = 0

    def add(self, lease: Lease) -> None:
        notification = lease.notification
        size = notification.size()
        self.notifications.append(notification)
        self.sizes.append(size)
        self.stored.append(lease.stored or encode_notification(notification))
        self.size_bytes += size

    def full(self) -> bool:
        return len(self.notifications) >= _AT_ONCE or self.size_bytes >= _CALL_BYTES


class Stamper:
    """The one that appends to streams, for this node's dispatcher."""

    def __init__(self, link: Link, limits: HistoryLimits, streams: Streams, news: RedisNews) -> None:
        self.limits = limits
        self._keys = link.keys
        self._line = link.line("history")
        self._streams = streams
        self._news = news
        #: Names of what ended: its place is not asked for any more.
        self._over: dict[StreamKey, list[str]] = {}
        self._dead: dict[StreamKey, list[str]] = {}

    async def stamp(self, leases: Sequence[Lease], *, now: int) -> list[Stamped]:
        """Stamp all, in the order given.

        Raises:
            StreamsUnavailable: the node of some streams is away, or another one sees to their shard by now.
            StoreUnavailable: Redis is away; they may be given again.
        """
        sent = [(call, self._send(call, now)) for call in _calls(leases)]
        away = AwayStreams(self._line)
        stamped: list[Stamped] = []
        for call, reply in sent:
            try:
                stamped.append(self._take_in(call, await _answer(reply), now))
            except StoreUnavailable as exc:
                away.note(call.key, exc)
        away.tell(others=bool(stamped))
        return stamped

    def forget(self, notification: Notification, *, withhold: bool) -> None:
        """It is settled; *withhold*: and nobody is to read it."""
        names = self._dead if withhold else self._over
        key = (notification.client_id, notification.stream)
        names.setdefault(key, []).append(_name(notification))

    async def let_go(self) -> None:
        """Have taken out of Redis what was to be forgotten, and went with no stamp since.

        Raises:
            StoreUnavailable: Redis is away; the next time does it.
        """
        await self.withhold()
        over, self._over = self._over, {}
        try:
            replies = [
                self._line.send("HDEL", self._keys.stream(*key).places, *names[start : start + _AT_ONCE])
                for key, names in over.items()
                for start in range(0, len(names), _AT_ONCE)
            ]
            for reply in replies:
                await reply.wait()
        except StoreUnavailable:
            # they are forgotten in an hour anyway
            return

    async def withhold(self) -> None:
        """Have what is DEAD left out of every read.

        Raises:
            StoreUnavailable: Redis is away; the next time does it.
        """
        while self._dead:
            key, names = next(iter(self._dead.items()))
            keys = self._keys.stream(*key)
            reply = self._line.script(_WITHHOLD, (keys.meta, keys.stream, keys.places), (keys.topic, *names))
            await reply.wait()
            # none came in between: whoever settles waits for this
            left = self._dead.pop(key)[len(names) :]
            if left:
                self._dead[key] = left

    def _send(self, call: _Call, now: int) -> Reply:
        keys = self._keys.stream(*call.key)
        over = self._over.pop(call.key, ())
        most = bounds_of(self.limits, call.key[1]).max_publications
        args: list[Word] = [keys.topic, new_epoch(), call.shard, call.fence, now, most, len(over), *over]
        for notification, size, stored in zip(call.notifications, call.sizes, call.stored, strict=True):
            args += (_name(notification), size, stored)
        return self._line.script(_STAMP, (keys.meta, keys.stream, keys.places, keys.sizes, keys.nodes), args)

    def _take_in(self, call: _Call, answer: Any, now: int) -> Stamped:
        epoch, offsets, nodes, head, kept, size_bytes, oldest_at = answer
        epoch = epoch.decode()
        publications = [
            Publication(notification, epoch, offset)
            for notification, offset in zip(call.notifications, offsets, strict=True)
        ]
        self._news.found(*call.key, UserId(""), nodes)
        mirror = self._streams.find(*call.key)
        if mirror is not None:
            mirror.extend(publications, call.sizes, now=now)
        return Stamped(call.key, publications, epoch, head, kept, size_bytes, oldest_at)


def _calls(leases: Sequence[Lease]) -> list[_Call]:
    """One for each stream, in the order of the leases; more where that would be much at once."""
    calls: list[_Call] = []
    open_: dict[StreamKey, _Call] = {}
    for lease in leases:
        notification = lease.notification
        # `Notification.stream`, spelt out because this is done for everything that is published
        key = (notification.client_id, notification.channel if notification.kind is _CHANNEL else "")
        call = open_.get(key)
        if call is None or call.full():
            call = open_[key] = _Call(key, lease)
            calls.append(call)
        call.add(lease)
    return calls


async def _answer(reply: Reply) -> Any:
    try:
        return await reply.wait()
    except Refused as exc:
        if exc.code == "STALE":
            raise unavailable(exc.text) from exc
        raise


def _name(notification: Notification) -> str:
    # what is put back from the dead letters keeps its id and is accepted anew: it gets another place
    return f"{notification.id}/{notification.accepted_at}"
