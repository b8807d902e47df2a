"""A subscriber over the network in the trio of a test, and what it brings."""

from collections.abc import Callable
from typing import Any

import trio

from notifyctl.listening.handling import Settle
from notifyctl.listening.places import Places
from notifyctl.listening.subscribing.desk import Desk
from notifyctl.listening.subscribing.native import Native
from notifyctl.listening.subscribing.subscriber import Conversation, Subscriber
from notifyctl.listening.working.conduct import bring
from notifyctl.listening.working.sources import Network
from notifyctl.retrying.deadline import Deadline

FOREVER = Deadline(None)


class Receiving:
    """A handler that hands everything to a function, and has enough after so many."""

    def __init__(self, receive: Callable[[dict[str, Any]], Any], count: int | None = None) -> None:
        self.enough = trio.Event()
        self._receive = receive
        self._left = count

    async def room(self) -> None:
        if self._left == 0:
            await trio.sleep_forever()

    def put(self, publication: dict[str, Any], settle: Settle) -> None:
        settle(self._receive(publication) or "")
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self.enough.set()

    async def finish(self) -> None:
        pass


class Ear:
    """Listens over one conversation until the server says "done", or it has enough."""

    def __init__(self, conversation: Conversation, places: Places, note: Callable[[str], None]) -> None:
        self._conversation = conversation
        self._places = places
        self._note = note

    async def run(
        self, receive: Callable[[dict[str, Any]], Any], deadline: Deadline = FOREVER, count: int | None = None
    ) -> None:
        handler = Receiving(receive, count)
        desk = Desk(self._places, handler, self._note)
        await bring(Network(Subscriber(self._conversation, note=self._note), desk), handler, None, deadline)


def native(url: str, credential: dict[str, str], places: Places, note: Callable[[str], None]) -> Ear:
    """Over the plain JSON protocol."""
    return Ear(Native(url, credential, places, note=note), places, note)
