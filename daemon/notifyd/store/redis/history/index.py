"""Which streams there are, and the bounds over all of them.

Every node notes what it has stamped, a second late at most. One node at a time, the keeper, lets go of what is over
age, over the bytes and over the number of channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.ids import ClientId
from notifyd.model.position import StreamPosition
from notifyd.redislink.scripts import load_script
from notifyd.store.history_ports import ChannelInfo
from notifyd.store.memory.history import bounds_of
from notifyd.store.redis.history.stream_mirror import Page, read_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.redislink.link import Link
    from notifyd.redislink.resp import Word
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.options import HistoryLimits
    from notifyd.store.redis.history.stamping import Stamped

_TRIM: Final = load_script("notifyd.store.redis.history", "trim")
_FORGET: Final = load_script("notifyd.store.redis.history", "forget")
_INDEX: Final = load_script("notifyd.store.redis.history", "index")
_ROW: Final = 6
_AT_ONCE: Final = 200
#: Streams that are made smaller for the bytes of all, between two ticks.
_STREAMS_AT_ONCE: Final = 2000
#: A keeper that is silent for so long is no keeper any more.
_KEEPER_MS: Final = 5000
#: When there are too many channels one in so many is forgotten at once.
_FORGET_SHARE: Final = 16


class _Figures:
    """What is kept of one stream."""

    __slots__ = ("kept", "last_at", "oldest_at", "size_bytes")

    def __init__(self, kept: int, size_bytes: int, oldest_at: int, last_at: int) -> None:
        self.kept = kept
        self.size_bytes = size_bytes
        self.oldest_at = oldest_at
        self.last_at = last_at


class HistoryIndex:
    """Notes, lists, and lets go."""

    def __init__(self, link: Link, limits: HistoryLimits, *, node: str) -> None:
        self._keys = link.keys
        self._names = link.keys.history_index()
        self._limits = limits
        self._node = node
        self._line = link.line("upkeep")
        self._unsaid: dict[StreamKey, _Figures] = {}
        self._usage = (0, 0, 0)
        #: The bounds have changed: every stream has to be looked at.
        self._reconsider = False

    def usage(self) -> tuple[int, int, int]:
        """See `HistoryStore.usage`: as it was when it was last looked at."""
        return self._usage

    def configure(self, limits: HistoryLimits) -> None:
        """Use other bounds from now on."""
        self._limits = limits
        self._reconsider = True

    def note(self, stamps: Stamped, *, now: int) -> None:
        """What is kept of a stream now."""
        self._unsaid[stamps.key] = _Figures(stamps.kept, stamps.size_bytes, stamps.oldest_at, now)

    async def upkeep(self, *, now: int, alone: bool = False) -> int:
        """Say what was noted, and as the keeper, or *alone*, let go of what is over a bound; answers how many went.

        Raises:
            StoreUnavailable: Redis is away; the next time does what is left.
        """
        await self.say()
        went = 0
        if alone or await self._keeps():
            if self._reconsider:
                went += await self._trim_every(now)
                self._reconsider = False
            went += await self._trim_over_age(now)
            went += await self._trim_over_bytes(now)
            await self._forget_surplus()
        return went

    async def channels(self, client_id: ClientId | None, *, prefix: str, limit: int) -> list[ChannelInfo]:
        """See `HistoryStore.channels`."""
        await self.say()
        start = prefix if client_id is None else f"{client_id}\0{prefix}"
        index = self._names.names if client_id is None else self._names.clients
        first, last = b"[" + start.encode(), b"[" + start.encode() + b"\xff"
        members = await self._line.send("ZRANGEBYLEX", index, first, last, "LIMIT", 0, limit).wait()
        pairs = [member.decode().split("\0") for member in members]
        keys = [(ClientId(b), a) if client_id is None else (ClientId(a), b) for a, b in pairs]
        replies = [read_stream(self._line, self._keys.stream(*key), limit=0) for key in keys]
        found = [(key, Page.of(await reply.wait())) for key, reply in zip(keys, replies, strict=True)]
        # the index outlived what it tells of
        await self._write([(key, None) for key, page in found if not page.head])
        return [
            ChannelInfo(*key, StreamPosition(page.epoch, page.head), page.kept, page.size_bytes, page.last_at)
            for key, page in found
            if page.head
        ]

    async def say(self) -> None:
        """Write down what was noted.

        Raises:
            StoreUnavailable: Redis is away; the next time does it.
        """
        unsaid, self._unsaid = self._unsaid, {}
        try:
            await self._write(unsaid.items())
        except BaseException:
            # what is newer counts
            self._unsaid = unsaid | self._unsaid
            raise

    async def _keeps(self) -> bool:
        """Whether this node sees to the bounds for now."""
        taken = self._line.send("SET", self._names.keeper, self._node, "NX", "PX", _KEEPER_MS)
        holder = self._line.send("GET", self._names.keeper)
        if not await taken.wait():
            if await holder.wait() != self._node.encode():
                return False
            await self._line.send("PEXPIRE", self._names.keeper, _KEEPER_MS).wait()
        return True

    async def _trim_over_age(self, now: int) -> int:
        went = 0
        while True:
            members = await self._line.send(
                "ZRANGEBYSCORE", self._names.leaves, "-inf", now, "LIMIT", 0, _AT_ONCE
            ).wait()
            went += await self._trim([_key(member) for member in members], now)
            if len(members) < _AT_ONCE:
                return went

    async def _trim_over_bytes(self, now: int) -> int:
        """The publications nearest to their age limit go: from one stream, up to where the next one's would go."""
        went = 0
        for _ in range(_STREAMS_AT_ONCE):
            too_much = self._usage[2] - self._limits.max_bytes
            if too_much <= 0:
                break
            answer = await self._line.send("ZRANGE", self._names.leaves, 0, 1, "WITHSCORES").wait()
            if not answer:
                break
            key = _key(answer[0])
            max_age_ms = bounds_of(self._limits, key[1]).max_age_ms
            until = int(float(answer[3])) - max_age_ms if len(answer) > 2 else "inf"
            went += await self._trim([key], now, to_free=too_much, until=until)
        return went

    async def _trim_every(self, now: int) -> int:
        went, cursor = 0, b"0"
        while True:
            cursor, page = await self._line.send("ZSCAN", self._names.last, cursor, "COUNT", _AT_ONCE).wait()
            went += await self._trim([_key(member) for member in page[::2]], now)
            if cursor == b"0":
                return went

    async def _trim(self, keys: Sequence[StreamKey], now: int, *, to_free: int = 0, until: Word = 0) -> int:
        replies = []
        for key in keys:
            bounds, names = bounds_of(self._limits, key[1]), self._keys.stream(*key)
            args = (bounds.max_publications, now - bounds.max_age_ms, to_free, until)
            replies.append(self._line.script(_TRIM, (names.meta, names.stream, names.sizes), args))
        went, rows = 0, []
        for key, reply in zip(keys, replies, strict=True):
            gone, kept, size_bytes, oldest_at, last_at, head = await reply.wait()
            went += gone
            rows.append((key, _Figures(kept, size_bytes, oldest_at, last_at) if head else None))
        await self._write(rows)
        return went

    async def _forget_surplus(self) -> None:
        surplus = self._usage[0] - self._limits.max_channels
        if surplus <= 0:
            return
        surplus += self._limits.max_channels // _FORGET_SHARE
        while surplus > 0:
            count = min(surplus, _AT_ONCE)
            answer = await self._line.send("ZRANGE", self._names.last, 0, count - 1, "WITHSCORES").wait()
            if not answer:
                return
            surplus -= count
            await self._forget([(_key(member), at) for member, at in zip(answer[::2], answer[1::2], strict=True)])

    async def _forget(self, streams: Sequence[tuple[StreamKey, bytes]]) -> None:
        replies = []
        for key, last_at in streams:
            names = self._keys.stream(*key)
            keys = (names.meta, names.stream, names.places, names.sizes)
            replies.append(self._line.script(_FORGET, keys, (names.topic, str(int(float(last_at))))))
        gone = [(key, None) for (key, _), reply in zip(streams, replies, strict=True) if await reply.wait()]
        await self._write(gone)

    async def _write(self, rows: Iterable[tuple[StreamKey, _Figures | None]]) -> None:
        args: list[Word] = []
        for key, figures in rows:
            args += self._row(key, figures)
        page = _ROW * _AT_ONCE
        names = self._names
        keys = (names.clients, names.names, names.last, names.leaves, names.figures, names.totals)
        starts = range(0, len(args), page) if args else (0,)
        replies = [self._line.script(_INDEX, keys, args[start : start + page]) for start in starts]
        for reply in replies:
            channels, publications, size_bytes = await reply.wait()
            self._usage = (channels, publications, size_bytes)

    def _row(self, key: StreamKey, figures: _Figures | None) -> tuple[Word, ...]:
        client_id, channel = key
        member, name = f"{client_id}\0{channel}", f"{channel}\0{client_id}" if channel else ""
        if figures is None:
            return (member, name, "", "", 0, 0)
        leaves_at = figures.oldest_at + bounds_of(self._limits, channel).max_age_ms if figures.kept else ""
        return (member, name, figures.last_at, leaves_at, figures.kept, figures.size_bytes)


def _key(member: bytes) -> StreamKey:
    client_id, _, channel = member.decode().partition("\0")
    return ClientId(client_id), channel
