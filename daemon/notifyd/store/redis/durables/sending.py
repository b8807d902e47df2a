"""What this node changes in durable subscriptions, on its way to Redis."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec
import trio

from notifyd.errors import NotifydError
from notifyd.redislink.errors import unavailable
from notifyd.redislink.scripts import load_script
from notifyd.store.redis.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyd.policy.receiving.durable_changes import DurableChange
    from notifyd.redislink.commands.line import Line
    from notifyd.redislink.commands.reply import Reply
    from notifyd.store.redis.durables.index import DurableIndex
    from notifyd.store.redis.durables.mirror import DurableMirror

_PUT: Final = load_script("notifyd.store.redis.durables", "put")
_REMOVE: Final = load_script("notifyd.store.redis.durables", "remove")
_encode: Final = msgspec.json.Encoder().encode
_AT_ONCE: Final = 200
_AWAY_SECONDS: Final = 1.0
#: The index may say that the last use was so much earlier than it was.
_INDEX_LAG_MS: Final = 60_000
#: What `put.lua` answers where nothing is known that a part could be added to.
_LOST: Final = 0


class Noted:
    """A `Written` that shares the fate of a ticket."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def done(self) -> bool:
        """See `Written.done`."""
        return self._ticket.done

    async def wait(self) -> None:
        """See `Written.wait`."""
        await self._ticket.wait()


class DurableSender:
    """Sends what changed, each as it is at last, one round after the other."""

    def __init__(self, line: Line, index: DurableIndex, node: str) -> None:
        self._line = line
        self._index = index
        self._node = node
        self._unsent: dict[DurableMirror, None] = {}
        self._ticket = Ticket()
        self._bell = trio.Event()

    @property
    def unsent(self) -> Iterable[DurableMirror]:
        """Those that wait."""
        return self._unsent

    def send(self, mirror: DurableMirror) -> Noted:
        """Have told what changed in *mirror*."""
        self._unsent[mirror] = None
        self._bell.set()
        return Noted(self._ticket)

    async def flushed(self) -> None:
        """Return when all that was handed in is told.

        Raises:
            StoreUnavailable: Redis is away; it is tried again.
        """
        if self._unsent:
            await self._ticket.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._bell.wait()
            self._bell = trio.Event()
            try:
                await self.send_now()
            except NotifydError:
                await trio.sleep(_AWAY_SECONDS)
                self._bell.set()

    async def send_now(self) -> None:
        """Send all that waits.

        Raises:
            NotifydError: it still waits, mostly because Redis is away.
        """
        ticket, self._ticket = self._ticket, Ticket()
        unsent, self._unsent = self._unsent, {}
        try:
            again = await self._send_all(unsent)
            # what Redis lost is told whole
            await self._send_all(again)
        except BaseException as exc:
            for mirror in unsent:
                mirror.indexed_at = 0
            self._unsent = unsent | self._unsent
            ticket.finish(exc if isinstance(exc, NotifydError) else unavailable("the broker stops"))
            raise
        ticket.finish()

    async def _send_all(self, mirrors: Iterable[DurableMirror]) -> list[DurableMirror]:
        """Answers those that have to be sent once more."""
        again: list[DurableMirror] = []
        left = iter(mirrors)
        while page := list(islice(left, _AT_ONCE)):
            again += await self._send_page(page)
        return again

    async def _send_page(self, mirrors: Sequence[DurableMirror]) -> list[DurableMirror]:
        again: list[DurableMirror] = []
        for mirror, replies in [(mirror, self._send(mirror)) for mirror in mirrors]:
            for reply in replies:
                await reply.wait()
            if mirror.lost:
                again.append(mirror)
        return again

    def _send(self, mirror: DurableMirror) -> list[Reply]:
        """The answers are taken in as they come: before whatever is read after them."""
        removing, change = mirror.removing, mirror.untold()
        replies: list[Reply] = []
        if removing:
            removal = self._line.script(_REMOVE, [mirror.name], (mirror.topic, self._node, ""))
            removal.then(partial(_removed, mirror, mirror.removals))
            replies += [removal, *self._index.remove(mirror.key)]
            mirror.indexed_at = 0
        if change is not None:
            if not mirror.indexed_at or change.used_at >= mirror.indexed_at + _INDEX_LAG_MS:
                # first, so that nothing is kept that is not in it
                replies += self._index.add(mirror.key, change.used_at)
                mirror.indexed_at = max(1, change.used_at)
            put = self._line.script(_PUT, [mirror.name], (mirror.topic, self._node, _encode(change)))
            put.then(partial(_told, mirror, change))
            replies.append(put)
        return replies


def _removed(mirror: DurableMirror, removals: int, reply: Reply) -> None:
    with suppress(NotifydError):
        mirror.was_removed(int(reply.result()[2]), removals=removals)


def _told(mirror: DurableMirror, change: DurableChange, reply: Reply) -> None:
    with suppress(NotifydError):
        number = int(reply.result())
        if number > _LOST:
            mirror.was_told(number, change)
        elif number == _LOST:
            mirror.was_lost()
        else:
            # it is in another epoch by now, which counts
            mirror.look_again()
