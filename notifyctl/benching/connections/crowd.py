"""Reading thousands of connections in one task.

A task for each would take several times what the daemon takes to send, and the client's limit would pass for the
daemon's. Plain sockets are therefore watched by an epoll of their own, which trio watches in turn; those under TLS have
a task each.
"""

from __future__ import annotations

import select
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from notifyctl.benching.connections.place import Failed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from notifyctl.benching.connections.link import Link

#: Sockets served before others have their turn.
_AT_ONCE: Final = 256
_READ_BYTES: Final = 256 * 1024


class Crowd:
    """Open connections of which nobody asks anything any more."""

    def __init__(self, nursery: trio.Nursery, ended: Callable[[Link], None]) -> None:
        self._nursery = nursery
        self._ended = ended
        self._epoll = select.epoll()
        self._plain: dict[int, Link] = {}
        self._secured: dict[Link, trio.CancelScope] = {}

    def __len__(self) -> int:
        return len(self._plain) + len(self._secured)

    @property
    def links(self) -> list[Link]:
        """All of them."""
        return [*self._plain.values(), *self._secured]

    def add(self, link: Link) -> None:
        """Read *link* from now on."""
        if not link.pipe.plain:
            self._secured[link] = trio.CancelScope()
            self._nursery.start_soon(self._read_secured, link, self._secured[link])
            return
        number = link.pipe.raw.fileno()
        self._epoll.register(number, select.EPOLLIN)
        self._plain[number] = link

    def remove(self, link: Link) -> None:
        """Leave *link* to the caller, who closes it."""
        if link in self._secured:
            self._secured.pop(link).cancel()
            return
        number = link.pipe.raw.fileno()
        if self._plain.pop(number, None) is not None:
            self._epoll.unregister(number)

    async def read(self) -> None:
        """Read all plain ones for ever."""
        while True:
            await trio.lowlevel.wait_readable(self._epoll.fileno())
            for number, _ in self._epoll.poll(0, _AT_ONCE):
                if (link := self._plain.get(number)) is not None:
                    self._read_plain(link)

    def _read_plain(self, link: Link) -> None:
        try:
            data = link.pipe.raw.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        link.take(data)
        link.pong_now()
        if link.ended:
            self._lose(link)

    async def _read_secured(self, link: Link, scope: trio.CancelScope) -> None:
        with scope:
            while not link.ended:
                try:
                    link.take(await link.pipe.read())
                    await link.pong()
                except Failed as failed:
                    link.ended = link.ended or failed.kind
            self._lose(link)

    def _lose(self, link: Link) -> None:
        self.remove(link)
        link.pipe.abort()
        self._ended(link)

    def close(self) -> None:
        """Say goodbye to all."""
        for link in self.links:
            self.remove(link)
            link.leave()
        self._epoll.close()


@asynccontextmanager
async def crowd(ended: Callable[[Link], None]) -> AsyncIterator[Crowd]:
    """A crowd that reads until the end of the block, and then leaves; *ended* hears of each that was closed on us."""
    async with trio.open_nursery() as nursery:
        made = Crowd(nursery, ended)
        nursery.start_soon(made.read)
        try:
            yield made
        finally:
            nursery.cancel_scope.cancel()
            made.close()
