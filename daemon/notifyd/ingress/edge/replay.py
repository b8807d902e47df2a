"""Catching a subscriber up from the history, however far behind it is, and going live without a gap or a repeat.

A task waits until what was written has left; `catch_up` says who is served in another way, and why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Protocol

import msgspec

from notifyd.model.publication import Publication
from notifyd.service.receiving.subscribe import Subscriber, Subscription

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.position import StreamPosition
    from notifyd.service.receiving.inbox import Inboxes


class Writer(msgspec.Struct, frozen=True):
    """How one transport writes a replay."""

    #: A publication as its subscriber receives it.
    encode: Callable[[Publication], bytes]
    #: The answer to the subscribe, which goes before the replay.
    announce: Callable[[Subscription], bytes]
    #: Waits until everything written has left; False when the link is dead.
    drained: Callable[[], Awaitable[bool]]
    #: Bytes that may be written before waiting.
    page_bytes: int


class _Stream(Protocol):
    """What is kept for one connection, and how it goes live."""

    def check(self, since: StreamPosition | None) -> Subscription:
        """What there is at this moment; raises what forbids it."""
        ...

    async def again(self) -> None:
        """Have it at hand still, after a while."""
        ...

    def go_on(self, position: StreamPosition) -> Subscription:
        """What has come since *position*, up to which everything was written."""
        ...

    def pause(self) -> None:
        """Deliver nothing live for now."""
        ...

    def go_live(self, position: StreamPosition) -> None:
        """Deliver from now on what comes after *position*, which has to be the newest one."""
        ...


class _ChannelStream:
    def __init__(self, subscriber: Subscriber, connection: Connection, channel: str) -> None:
        self._subscriber = subscriber
        self._connection = connection
        self._channel = channel

    def check(self, since: StreamPosition | None) -> Subscription:
        return self._subscriber.check(self._connection, self._channel, since)

    async def again(self) -> None:
        await self._subscriber.attend(self._connection, self._channel)

    def go_on(self, position: StreamPosition) -> Subscription:
        return self.check(position)

    def pause(self) -> None:
        # One that was subscribed already must not be sent what is live in between: offsets rise.
        self._subscriber.unsubscribe(self._connection, self._channel)

    def go_live(self, position: StreamPosition) -> None:
        self._subscriber.go_live(self._connection, self._channel, position)


class _InboxStream:
    def __init__(self, inboxes: Inboxes, connection: Connection) -> None:
        self._inboxes = inboxes
        self._connection = connection

    def check(self, since: StreamPosition | None) -> Subscription:
        return self._inboxes.check(self._connection, since)

    async def again(self) -> None:
        principal = self._connection.principal
        assert principal is not None, "it was let in before"
        await self._inboxes.attend(principal.client_id, principal.user_id)

    def go_on(self, position: StreamPosition) -> Subscription:
        # Looked at alone: that it was written proves nothing, and the cursor stays where it is.
        principal = self._connection.principal
        assert principal is not None, "it was let in before"
        return self._inboxes.look(principal.client_id, principal.user_id, position)

    def pause(self) -> None:
        """It is not live yet."""

    def go_live(self, position: StreamPosition) -> None:
        self._inboxes.go_live(self._connection, position)


async def subscribe_and_replay(
    subscriber: Subscriber, connection: Connection, channel: str, since: StreamPosition | None, writer: Writer
) -> None:
    """Subscribe *connection*: the answer, then what it missed page by page as fast as it reads, then live.

    Returns when it is live, or when the connection has ended meanwhile. Does not wait where all fits one page.

    Raises:
        NotAuthenticated, Invalid, Denied, Exhausted: as `Subscriber.subscribe`; nothing was written.
    """
    await _hand_over(_ChannelStream(subscriber, connection, channel), subscriber, connection, since, writer)


async def receive_and_replay(
    inboxes: Inboxes, subscriber: Subscriber, connection: Connection, since: StreamPosition | None, writer: Writer
) -> None:
    """As `subscribe_and_replay` for the inbox of its user, from *since* or from the cursor on.

    Raises:
        NotAuthenticated, Denied: as `Inboxes.check`; nothing was written.
    """
    await _hand_over(_InboxStream(inboxes, connection), subscriber, connection, since, writer)


async def _hand_over(
    stream: _Stream, subscriber: Subscriber, connection: Connection, since: StreamPosition | None, writer: Writer
) -> None:
    subscription = stream.check(since)
    head = writer.announce(subscription)
    while True:
        pages = _pages(subscription.replay, writer)
        first, second = next(pages, b""), next(pages, None)
        subscriber.count_replayed(len(subscription.replay))
        if second is None:
            break
        stream.pause()
        if not await _write_pages(subscriber, connection, chain((head + first, second), pages), writer):
            return
        head = b""
        await stream.again()
        subscription = stream.go_on(subscription.position)
        if not subscription.recovered:
            # It was so slow that what comes next is gone: its resume will be told.
            subscriber.end_slow(connection)
            return
    stream.go_live(subscription.position)
    rest = head + first
    if rest and not connection.put(rest):
        subscriber.end_slow(connection)


async def _write_pages(subscriber: Subscriber, connection: Connection, pages: Iterable[bytes], writer: Writer) -> bool:
    """Write one page after the other, each when the one before has left; False when the connection has ended."""
    for page in pages:
        if not await writer.drained() or connection.ended:
            return False
        if not connection.put(page):
            subscriber.end_slow(connection)
            return False
    return await writer.drained() and not connection.ended


def _pages(publications: Sequence[Publication], writer: Writer) -> Iterator[bytes]:
    """Encoded when they are asked for: many may resume at once, and none is to hold more than a page."""
    page: list[bytes] = []
    size = 0
    for publication in publications:
        frame = writer.encode(publication)
        if page and size + len(frame) > writer.page_bytes:
            yield b"".join(page)
            page, size = [], 0
        page.append(frame)
        size += len(frame)
    if page:
        yield b"".join(page)
