"""The history of the local broker: in memory, over a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from notifyd.model.notification import Kind
from notifyd.model.publication import Publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.model.ids import ClientId
    from notifyd.model.position import StreamPosition
    from notifyd.store.history_ports import ChannelInfo, StreamKey
    from notifyd.store.journal import Journal
    from notifyd.store.local.state import LocalState
    from notifyd.store.memory.entry import Entry
    from notifyd.store.ports import Lease


#: Bound here because to look a member up in its enum takes longer than what is done with it.
_USERS: Final = Kind.USERS


class LocalHistory:
    """A `HistoryStore` in memory whose stamps are journalled. See the port for the guarantees.

    The stamp of what is for a channel is journalled as the outcome `dispatched`: after a crash nobody is connected, so
    that whoever comes back finds it by its position, and it needs no second dispatch. Everything else may be for
    connections without a position, or for phones: it waits until it is settled, and is dispatched again after a crash.
    """

    def __init__(self, state: LocalState, journal: Journal) -> None:
        self._state = state
        self._history = state.history
        self._journal = journal
        self.position = state.history.position
        self.since = state.history.since
        self.latest = state.history.latest
        self.usage = state.history.usage

    def attend(self, client_id: ClientId, channel: str) -> None:
        """See `HistoryStore.attend`: all is at hand."""

    async def positions(self, channels: Sequence[StreamKey]) -> list[StreamPosition]:
        """See `HistoryStore.positions`."""
        await trio.lowlevel.checkpoint()
        return [self.position(client_id, channel) for client_id, channel in channels]

    async def channels(
        self, client_id: ClientId | None = None, *, prefix: str = "", limit: int = 1000
    ) -> list[ChannelInfo]:
        """See `HistoryStore.channels`."""
        await trio.lowlevel.checkpoint()
        return self._history.channels(client_id, prefix=prefix, limit=limit)

    async def trim(self, *, now: int) -> int:
        """See `HistoryStore.trim`."""
        await trio.lowlevel.checkpoint()
        return self._history.trim(now=now)

    async def append(self, leases: Sequence[Lease], *, now: int) -> list[Publication]:
        """See `HistoryStore.append`. What left the queue meanwhile keeps its stamp, if it had one."""
        entries = [self._state.queue.entry(lease.notification.id) for lease in leases]
        unstamped = [entry for entry in entries if entry is not None and entry.publication is None and entry.placed()]
        if unstamped:
            await self._stamp(unstamped, now)
        else:
            await trio.lowlevel.checkpoint()
        publications: list[Publication] = []
        for lease, entry in zip(leases, entries, strict=True):
            publication = self._publication(lease, entry)
            if lease.notification.kind is _USERS:
                publications += self._copies(publication, entry)
            else:
                publications.append(publication)
        return publications

    async def _stamp(self, entries: list[Entry], now: int) -> None:
        batch = self._journal.batch()
        self._state.stamp(batch, entries, now)
        self._journal.ring()
        # given up, the leases would be done again while their stamps are still on their way
        await batch.commit.ended()

    def _publication(self, lease: Lease, entry: Entry | None) -> Publication:
        if entry is not None and entry.publication is not None:
            return entry.publication
        receipt = self._state.recent.find(lease.notification.id)
        if receipt is None:
            return Publication(lease.notification, "", 0)
        return Publication(lease.notification, receipt.epoch, receipt.offset)

    def _copies(self, publication: Publication, entry: Entry | None) -> list[Publication]:
        """One for each user, and one for the connections that are named beside them."""
        notification = publication.notification
        items = self._state.recent.items(notification.id) if entry is None else entry.items
        copies = [item.copy() for item in items if not item.inbox.erased]
        return [*copies, publication] if notification.connections else copies
