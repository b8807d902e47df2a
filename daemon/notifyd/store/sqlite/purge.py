"""Takes rows out of the journal that neither a history nor a receipt needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notifyd.store.journal import Journal
    from notifyd.store.memory.history import MemoryHistory
    from notifyd.store.memory.inbox import MemoryInbox
    from notifyd.store.options import ReceiptLimits
    from notifyd.store.sqlite.archive import SettledRow, SqliteArchive

#: Rows looked at, and at most deleted, in one go: a few milliseconds.
_CHUNK_ROWS: Final = 500

#: Events over the bound that are looked up together.
_EVENTS_AT_ONCE: Final = 20_000


class SqlitePurge:
    """A settled notification goes when its receipt is over age or over number, and no history and no inbox keeps it."""

    def __init__(self, archive: SqliteArchive, journal: Journal, history: MemoryHistory, inbox: MemoryInbox) -> None:
        self._archive = archive
        self._journal = journal
        self._history = history
        self._inbox = inbox

    async def run(self, limits: ReceiptLimits, *, now: int) -> int:
        """See `Purge.run`."""
        oldest = now - int(limits.max_age_seconds * 1000)
        surplus = await self._archive.count() - limits.max_count
        last_seq = purged = 0
        while rows := await self._archive.settled(last_seq, _CHUNK_ROWS):
            last_seq = rows[-1].seq
            gone = [row for row in rows if self._spare(row, oldest, over_number=surplus > 0)]
            surplus -= len(gone)
            purged += len(gone)
            if gone:
                await self._delete(gone)
            elif surplus <= 0 and rows[0].settled_at > oldest:
                break
        await self._forget_events(limits)
        return purged

    async def _forget_events(self, limits: ReceiptLimits) -> None:
        """Let go of the oldest events that are over their number."""
        surplus = await self._archive.events() - limits.max_all_events
        while surplus > 0:
            # each look reads the whole table
            oldest = await self._archive.oldest_events(min(surplus, _EVENTS_AT_ONCE))
            surplus -= _EVENTS_AT_ONCE
            for first in range(0, len(oldest), _CHUNK_ROWS):
                batch = self._journal.batch()
                batch.purged_events += oldest[first : first + _CHUNK_ROWS]
                self._journal.ring()
                await batch.commit.wait()

    async def close(self) -> None:
        """See `Purge.close`."""
        await self._archive.close()

    def _spare(self, row: SettledRow, oldest: int, *, over_number: bool) -> bool:
        if row.settled_at > oldest and not over_number:
            return False
        if self._inbox.keeps(row.seq):
            return False
        return row.channel_id is None or not self._history.holds(row.client, row.stream, row.channel_id, row.offset)

    async def _delete(self, rows: list[SettledRow]) -> None:
        batch = self._journal.batch()
        # that nothing is kept of them any more is told with them, or before
        self._inbox.unwritten.flush(batch)
        for row in rows:
            if row.channel_id is not None and row.channel_id not in batch.heads:
                head = self._history.head(row.client, row.stream, row.channel_id)
                if head is not None:
                    batch.heads[row.channel_id] = head
        batch.purged += [row.seq for row in rows]
        self._journal.ring()
        await batch.commit.wait()
