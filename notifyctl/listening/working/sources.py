"""Where publications come from, for a handler: over the network, and over the admin socket."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from notifyctl.listening.acking import Acker
    from notifyctl.listening.following import Follower
    from notifyctl.listening.handling import Handler
    from notifyctl.listening.places import Places
    from notifyctl.listening.subscribing.desk import Desk
    from notifyctl.listening.subscribing.subscriber import Subscriber
    from notifyctl.retrying.deadline import Deadline
    from notifyctl.showing.output import Record


class Network:
    """A `Source`: `listen --url`."""

    def __init__(self, subscriber: Subscriber, desk: Desk) -> None:
        self._subscriber = subscriber
        self._desk = desk

    async def run(self) -> None:
        """See `Source`."""
        await self._subscriber.run(self._desk)

    async def finish(self) -> None:
        """See `Source`."""
        await self._desk.finish()


class AdminSocket:
    """A `Source`: `listen` over the admin socket, in a thread."""

    def __init__(
        self, follower: Follower, acker: Acker | None, places: Places, handler: Handler, deadline: Deadline
    ) -> None:
        self._follower = follower
        self._acker = acker
        self._places = places
        self._handler = handler
        self._deadline = deadline
        self._closed = False

    async def run(self) -> None:
        """See `Source`."""
        try:
            # The thread ends a moment after its stream, which nobody has to wait for.
            await trio.to_thread.run_sync(self._follow, abandon_on_cancel=True)
        finally:
            self._follower.stop()

    def _follow(self) -> None:
        for publication in self._follower.publications(self._deadline):
            try:
                trio.from_thread.run(self._handler.room)
                trio.from_thread.run_sync(self._put, publication)
            except (trio.Cancelled, trio.RunFinishedError):
                return

    def _put(self, publication: Record) -> None:
        if not self._closed:
            asks = self._acker is not None and self._acker.takes(publication)
            self._handler.put(publication, partial(self._settled, publication, asks))

    def _settled(self, publication: Record, asks: bool, problem: str) -> None:
        if not problem:
            self._places.done(publication)
        if asks and self._acker is not None:
            self._acker.settled(publication, problem)

    async def finish(self) -> None:
        """See `Source`."""
        self._closed = True
        await self._handler.finish()
        if self._acker is not None:
            await trio.to_thread.run_sync(self._acker.close)
