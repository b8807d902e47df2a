"""Catching a subscriber up from the history, however far behind it is, and going live without a gap or a repeat.

A task waits until what was written has left; `catch_up` says who is served in another way, and why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from notifyd.model.publication import Publication
from notifyd.service.subscribe import Subscriber, Subscription

if TYPE_CHECKING:
    from notifyd.hub.connection import Connection
    from notifyd.model.position import StreamPosition


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


async def subscribe_and_replay(
    subscriber: Subscriber, connection: Connection, channel: str, since: StreamPosition | None, writer: Writer
) -> None:
    """Subscribe *connection*: the answer, then what it missed page by page as fast as it reads, then live.

    Returns when it is live, or when the connection has ended meanwhile. Does not wait where all fits one page.

    Raises:
        NotAuthenticated, Invalid, Denied, Exhausted: as `Subscriber.subscribe`; nothing was written.
    """
    subscription = subscriber.check(connection, channel, since)
    head = writer.announce(subscription)
    while True:
        pages = _pages(subscription.replay, writer)
        first, second = next(pages, b""), next(pages, None)
        subscriber.count_replayed(len(subscription.replay))
        if second is None:
            break
        # One that was subscribed already must not be sent what is live in between: offsets rise.
        subscriber.unsubscribe(connection, channel)
        if not await _write_pages(subscriber, connection, chain((head + first, second), pages), writer):
            return
        head, position = b"", subscription.position
        subscription = subscriber.check(connection, channel, position)
        if not subscription.recovered:
            # It was so slow that what comes next is gone: its resume will be told.
            subscriber.end_slow(connection)
            return
    subscriber.go_live(connection, channel, subscription.position)
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
