"""Between the links and whoever handles what comes over them: nothing twice, and acks for what was done alone."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import trio

from notifyctl.listening.acking import Handled, unacked_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from notifyctl.listening.handling import Handler
    from notifyctl.listening.link import Link
    from notifyctl.listening.places import Places
    from notifyctl.showing.output import Record

#: What the protocol takes in one message.
_MOST_ACKED: Final = 1000
_LAST_SECONDS: Final = 5.0


class Acknowledging(Protocol):
    """How acks are said on a link."""

    async def ack(self, link: Link, ids: list[str]) -> None:
        """Ack these notifications."""
        ...

    async def nack(self, link: Link, publication_id: str, reason: str) -> None:
        """Refuse one, for *reason*."""
        ...


class Desk:
    """One for all connections of a listener, however many it takes."""

    def __init__(self, places: Places, handler: Handler, note: Callable[[str], None]) -> None:
        self.places = places
        self._handler = handler
        self._note = note
        self._handled = Handled()
        #: Ids to be acked, and with a reason those to be refused.
        self._due: deque[tuple[str, str]] = deque()
        self._news = trio.Event()
        self._quiet = trio.Event()
        self._closed = False
        self._slow_noted = False

    def connected(self) -> None:
        """A new connection: what was not answered on the one before comes again, or ended with it."""
        self._due.clear()
        if not self.places.durable:
            self._handled.forget_open()

    async def take(self, link: Link, publication: Record, *, asks: bool) -> None:
        """Hand over what *link* brought, unless it was handed over before; *asks*: an ack is due for it."""
        if self._closed:
            return
        publication_id = publication["id"]
        if asks and self._handled.in_hand(publication_id):
            self._too_slow(publication)
            return
        if self.places.seen(publication) or (asks and self._handled.before(publication)):
            if asks:
                self._say(publication_id, "")
            return
        with link.busy():
            await self._handler.room()
        # No await from here on: a link that ends takes nothing with it that was counted as handed over.
        if asks:
            self._handled.take(publication_id)
        self.places.taken(publication)
        self._handler.put(publication, partial(self._settled, publication, asks))

    def _settled(self, publication: Record, asks: bool, problem: str) -> None:
        if not problem:
            self.places.done(publication)
        if asks and problem:
            self._handled.let_go(publication["id"])
        elif asks:
            self._handled.add(publication["id"])
        if asks:
            self._say(publication["id"], problem)

    def _say(self, publication_id: str, problem: str) -> None:
        self._due.append((publication_id, problem))
        self._news.set()

    def _too_slow(self, publication: Record) -> None:
        if publication["attempt"] > 1 and not self._slow_noted:
            self._slow_noted = True
            self._note(
                f"{publication['id']} came again while it was still worked on: raise subscriptions.ack_seconds of the "
                "daemon above what one may take."
            )

    def acked(self, ids: Iterable[str]) -> None:
        """The daemon took the acks of *ids*."""
        self._handled.acked(ids)
        if not self._handled.unanswered:
            self._quiet.set()

    async def tell(self, acknowledging: Acknowledging, link: Link) -> None:
        """Say on *link* what is done, until it ends."""
        while True:
            await self._news.wait()
            self._news = trio.Event()
            while self._due:
                done = self._next_done()
                if done:
                    await acknowledging.ack(link, done)
                else:
                    await acknowledging.nack(link, *self._due.popleft())

    def _next_done(self) -> list[str]:
        done: list[str] = []
        while self._due and not self._due[0][1] and len(done) < _MOST_ACKED:
            done.append(self._due.popleft()[0])
        return done

    async def finish(self) -> None:
        """Take nothing more, let the handler end what it began, and wait a moment for the answers to the last acks."""
        self._closed = True
        await self._handler.finish()
        with trio.move_on_after(_LAST_SECONDS):
            while self._handled.unanswered:
                self._quiet = trio.Event()
                await self._quiet.wait()
        if self.places.durable and (count := self._handled.unanswered):
            self._note(unacked_note(count))
