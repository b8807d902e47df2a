"""From what is kept to live, page by page, each when the one before is proven to have arrived.

Nothing here waits. A page is read, encoded and written in one step, so that a link may change its way of writing in
between, and going live is part of the step that writes the last page. No peer is sent more than a page ahead of what it
has taken, however much is kept for it.

This is for connections that are called and never wait, and whose answers to pings say what has arrived, such as the
inbox's cursor needs and polling has no other word for. `replay` is for tasks: it waits for an outbox to be empty, which
is all that there is where nobody answers pings (Server-Sent Events), and holds up what a peer sends after its subscribe
(the plain JSON protocol answers in order). `rpc.feed` waits for gRPC's own flow control.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from notifyd.errors import Exhausted, NotifydError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notifyd.hub.connection import Connection
    from notifyd.model.publication import Publication
    from notifyd.service.receiving.subscribe import Subscriber

#: Marks from here on belong to pages; smaller ones are offsets of inboxes. All of them fit 63 bits.
FIRST_PAGE_MARK: Final = 1 << 62

#: What a frame has beside data and metadata, roughly.
_FRAME_BYTES: Final = 250


class Gap(Exception):
    """What comes next is not kept any more."""


class Source(Protocol):
    """What is kept for one connection, and how it goes live."""

    @property
    def channel(self) -> str | None:
        """None for what is no channel."""
        ...

    def missing(self) -> Sequence[Publication]:
        """What comes next, in order, or nothing. Asked again once all of it was encoded.

        Raises:
            Gap: it cannot be continued.
            NotifydError: the connection may not have it any more.
        """
        ...

    def encode(self, publication: Publication) -> bytes:
        """What its peer receives. Called once for each, in order, in the step that writes it."""
        ...

    def arrived(self) -> None:
        """Everything that was encoded has reached the peer."""
        ...

    def go_live(self) -> None:
        """Nothing is missing: deliver from now on what comes later. The last page is put in the same step."""
        ...

    def written(self) -> None:
        """The last page was put: ask whether it arrives."""
        ...


class CatchUps:
    """What one connection catches up with, one source after the other."""

    __slots__ = ("_connection", "_mark", "_page_bytes", "_refused", "_subscriber", "_waiting")

    def __init__(
        self,
        connection: Connection,
        subscriber: Subscriber,
        page_bytes: int,
        refused: Callable[[NotifydError], None],
    ) -> None:
        """*refused* is told when a source has nothing to give any more."""
        self._connection = connection
        self._subscriber = subscriber
        self._page_bytes = page_bytes
        self._refused = refused
        #: By channel, in order; the first is under way.
        self._waiting: dict[str | None, _Pages] = {}
        self._mark = FIRST_PAGE_MARK

    def check_room(self) -> None:
        """Pass where one more may begin.

        Raises:
            Exhausted: as many as one connection may subscribe to are waiting.
        """
        most = self._subscriber.rules.max_subscriptions
        if len(self._waiting) >= most:
            raise Exhausted(f"{most} channels are still catching up: wait for them", code="too_many_subscriptions")

    def begin(self, source: Source) -> None:
        """Write what *source* has, now or when those before it are through, and go live.

        It has to have something where others may be before it: what is live already need not wait.
        """
        self._waiting[source.channel] = _Pages(source)
        if len(self._waiting) == 1:
            self._write()

    def drop(self, channel: str) -> None:
        """Go on without what is left of a channel, if something is."""
        if channel in self._waiting:
            under_way = self._first().source.channel == channel
            del self._waiting[channel]
            if under_way:
                self._write()

    def proven(self, mark: int) -> bool:
        """The answer to `Link.ping(mark)` came; False when it was not about a page."""
        if mark < FIRST_PAGE_MARK:
            return False
        if mark == self._mark and self._waiting:
            self._first().source.arrived()
            self._write()
        return True

    def _write(self) -> None:
        connection = self._connection
        while self._waiting and not connection.ended:
            try:
                page, count = self._first().next(self._page_bytes)
            except Gap:
                self._subscriber.end_slow(connection)
                return
            except NotifydError as exc:
                del self._waiting[self._first().source.channel]
                self._refused(exc)
                continue
            self._subscriber.count_replayed(count)
            if page and not connection.put(page):
                self._subscriber.end_slow(connection)
                return
            source = self._first().source
            if not self._first().live:
                self._mark += 1
                connection.link.ping(self._mark)
                return
            del self._waiting[source.channel]
            source.written()

    def _first(self) -> _Pages:
        return next(iter(self._waiting.values()))


class _Pages:
    """One source, and what of it was read and is yet to be written."""

    __slots__ = ("_next", "_read", "live", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.live = False
        self._read: Iterator[Publication] = iter(())
        self._next: Publication | None = None

    def next(self, page_bytes: int) -> tuple[bytes, int]:
        """The next page and how many it holds; `live` is set with the last one. Raises as `Source.missing` does."""
        page: list[bytes] = []
        size = 0
        while self._look():
            publication = self._next
            assert publication is not None, "there is one where the look found one"
            notification = publication.notification
            expected = len(notification.data) + len(notification.metadata) + _FRAME_BYTES
            if page and size + expected > page_bytes:
                return b"".join(page), len(page)
            self._next = None
            page.append(self.source.encode(publication))
            size += len(page[-1])
        self.source.go_live()
        self.live = True
        return b"".join(page), len(page)

    def _look(self) -> bool:
        if self._next is None:
            self._next = next(self._read, None)
        if self._next is None:
            self._read = iter(self.source.missing())
            self._next = next(self._read, None)
        return self._next is not None
