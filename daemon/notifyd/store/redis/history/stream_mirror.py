"""One stream of publications in this node's memory."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from msgspec import DecodeError

from notifyd.model.notification import Kind
from notifyd.model.publication import Publication
from notifyd.model.restarted import Restarted
from notifyd.redislink.scripts import load_script
from notifyd.store.memory.channel import Channel
from notifyd.store.redis.history.messages import Stamps, Withheld, decode_message, publications_in
from notifyd.store.redis.mirrors.gone import gone
from notifyd.store.redis.mirrors.mirror import Mirror
from notifyd.wire.stored import decode_notification

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from notifyd.model.ids import NotificationId
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.redislink.keys import StreamKeys
    from notifyd.store.history_ports import StreamKey
    from notifyd.store.redis.history.streams import Streams
    from notifyd.store.redis.mirrors.mirror import Mirrors

log = structlog.get_logger("notifyd.store")

_READ: Final = load_script("notifyd.store.redis.history", "read")
_PAGE: Final = 500
_GONE: Final = gone(Kind.CHANNEL)
#: How long the epoch of a stream without publications is remembered, from the last look of a node.
_EMPTY_MS: Final = 3_600_000


class Page(NamedTuple):
    """What `read.lua` answers."""

    epoch: str
    head: int
    first: int
    entries: Sequence[tuple[bytes, Sequence[bytes]]]
    complete: int
    withheld: bytes
    size_bytes: int
    last_at: int

    @classmethod
    def of(cls, answer: Any) -> Page:
        """From the script's answer."""
        return cls(answer[0].decode(), *answer[1:])

    @property
    def kept(self) -> int:
        """How many are kept."""
        return self.head - self.first + 1


def read_stream(line: Line, names: StreamKeys, *, epoch: str = "", after: int = 0, limit: int = _PAGE) -> Reply:
    """Ask for what comes after a place; the answer is for `Page.of`. A *limit* of 0 asks for the figures alone.

    Raises:
        StoreUnavailable: Redis is away.
    """
    keys = (names.meta, names.stream, names.places, names.sizes)
    return line.script(_READ, keys, (names.topic, new_epoch(), _EMPTY_MS, epoch, after, limit))


def new_epoch() -> str:
    """An epoch that no stream has had."""
    return secrets.token_hex(5)


class StreamMirror(Mirror):
    """What is kept of one stream. Everything that it gets is news, but for what the first look finds."""

    def __init__(
        self,
        mirrors: Mirrors,
        streams: Streams,
        key: StreamKey,
        tag: str,
        names: StreamKeys,
        *,
        number: int,
    ) -> None:
        super().__init__(mirrors, tag, names.topic)
        self.channel = Channel(number, key, epoch="", generation=0)
        self._streams = streams
        self._names = names

    def apply(self, message: bytes) -> bool:
        """See `Mirror.apply`."""
        told = decode_message(message)
        if told is None:
            return True
        channel = self.channel
        if isinstance(told, Stamps):
            if told.epoch != channel.epoch or told.first > channel.head + 1:
                return False
            return self._apply_stamps(told)
        if isinstance(told, Withheld):
            if told.epoch != channel.epoch or told.offset > channel.head:
                return False
            channel.withhold(told.offset)
            return True
        return False

    def extend(self, publications: Sequence[Publication], sizes: Sequence[int], *, now: int) -> None:
        """Take in what this node has just stamped, where nothing before it is missing."""
        channel = self.channel
        if not self.ready or self._mirrors.news.full() or publications[0].epoch != channel.epoch:
            return
        for publication, size in zip(publications, sizes, strict=True):
            if publication.offset == channel.head + 1:
                self._keep(publication, size, now)

    def withhold(self, notification_id: NotificationId) -> None:
        """Leave it out of every read at once. Looks at all that is kept: it is rare that one fails by itself."""
        for publication in reversed(self.channel.kept):
            if publication.notification.id == notification_id:
                self.channel.withhold(publication.offset)
                return

    async def fetch(self) -> None:
        """See `Mirror.fetch`."""
        while not self.stopped():
            if self.ready:
                await self._mirrors.news.room()
            known = self.channel
            page = Page.of(
                await read_stream(self._mirrors.line, self._names, epoch=known.epoch, after=known.head).wait()
            )
            if self.stopped():
                return
            # this node may have stamped something meanwhile
            if page.epoch != self.channel.epoch or page.first > self.channel.head + 1:
                self._begin_anew(page)
            self._take_in(page)
            if self.channel.head >= page.head:
                return

    def dropped(self) -> None:
        """See `Mirror.dropped`."""
        self._streams.close(self.channel.key, self.channel)

    def _apply_stamps(self, stamps: Stamps) -> bool:
        try:
            found = publications_in(stamps, after=self.channel.head)
        except DecodeError:
            # a later version of the daemon stamped it: what cannot be read is nothing to wait for
            log.warning("publication_not_understood", client_id=self.channel.key[0], channel=self.channel.key[1])
            return True
        for publication, stamped_at in found:
            self._keep(publication, publication.notification.size(), stamped_at)
        return True

    def _begin_anew(self, page: Page) -> None:
        client_id, name = self.channel.key
        if self.ready:
            gap = page.epoch == self.channel.epoch
            self._mirrors.news.add_restarted(Restarted(client_id, name, gap=gap))
        self._streams.clear(self.channel)
        self.channel.epoch = page.epoch
        self.channel.head = page.first - 1

    def _take_in(self, page: Page) -> None:
        for entry_id, fields in page.entries:
            offset = int(entry_id.partition(b"-")[0])
            if offset > self.channel.head:
                self._fill_up_to(offset - 1)
                self._take_entry(offset, fields)
        if page.complete:
            self._fill_up_to(page.head)
        for withheld in page.withheld.split():
            self.channel.withhold(int(withheld))

    def _take_entry(self, offset: int, fields: Sequence[bytes]) -> None:
        # stamp.lua writes n and a, in this order
        try:
            notification = decode_notification(fields[1])
        except DecodeError:
            log.warning("publication_not_understood", client_id=self.channel.key[0], channel=self.channel.key[1])
            self._fill_up_to(offset)
            return
        publication = Publication(notification, self.channel.epoch, offset)
        self._keep(publication, notification.size(), int(fields[3]))

    def _fill_up_to(self, offset: int) -> None:
        """What is missing up to there was withheld: each has its place, and is for nobody."""
        channel = self.channel
        while channel.head < offset:
            stamped_at = channel.stamped_at[-1] if channel.stamped_at else 0
            channel.keep(Publication(_GONE, channel.epoch, channel.head + 1), _GONE.size(), stamped_at)
            self._streams.grew(channel, _GONE.size())

    def _keep(self, publication: Publication, size: int, stamped_at: int) -> None:
        self.channel.keep(publication, size, stamped_at)
        self._streams.grew(self.channel, size)
        if self.ready:
            self._mirrors.news.add(publication, size)
