"""Receipts that only the journal remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from notifyd.model.ids import ClientId
from notifyd.model.notification import Kind
from notifyd.store.archive import Archived, ArchivedNotes
from notifyd.store.sqlite import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from notifyd.bridge.worker import ThreadWorker
    from notifyd.model.ids import NotificationId


class SettledRow(msgspec.Struct, frozen=True, gc=False):
    """What the purge has to know of a settled notification."""

    seq: int
    settled_at: int
    channel_id: int | None
    offset: int
    client: ClientId
    stream: str


class SqliteArchive:
    """Reads through a connection and a thread of its own, so that a look-up never waits for a sync."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], worker: ThreadWorker, *, epoch: Callable[[int], str]
    ) -> None:
        """*epoch* answers the epoch of a generation."""
        self._connect = connect
        self._worker = worker
        self._epoch = epoch
        self._connection: sqlite3.Connection | None = None
        #: See `Archive`.
        self.kept = (0, 0)

    async def find(self, notification_id: NotificationId) -> Archived | None:
        """See `Archive.find`."""
        return await self._worker.run(self._find, notification_id)

    async def notes(self, notification_id: NotificationId) -> ArchivedNotes:
        """See `Archive.notes`."""
        return await self._worker.run(self._notes, notification_id)

    async def events(self) -> int:
        """How many events of timelines are kept."""
        events = await self._worker.run(self._events)
        self.kept = (self.kept[0], events)
        return events

    async def oldest_events(self, limit: int) -> list[tuple[NotificationId, int]]:
        """The oldest *limit* events: whose they are, and their numbers."""
        return await self._worker.run(self._oldest_events, limit)

    async def settled(self, after_seq: int, limit: int) -> list[SettledRow]:
        """The next *limit* settled notifications after a seq."""
        return await self._worker.run(self._settled, after_seq, limit)

    async def count(self) -> int:
        """How many settled notifications are kept."""
        count = await self._worker.run(self._count)
        self.kept = (count, self.kept[1])
        return count

    async def close(self) -> None:
        """Close the connection."""
        await self._worker.run(self._discard)

    def _find(self, notification_id: NotificationId) -> Archived | None:
        rows = self._read(queries.RECEIPT, (notification_id,))
        if not rows:
            return None
        receipt = queries.receipt_of(rows[0], self._epoch)
        seq, targets = rows[0][-2:]
        items = self._read(queries.ITEMS_OF, (seq,)) if receipt.kind is Kind.USERS else []
        return Archived(receipt, tuple([queries.archived_item_of(row, targets) for row in items]))

    def _settled(self, after_seq: int, limit: int) -> list[SettledRow]:
        return [SettledRow(*row) for row in self._read(queries.SETTLED, (after_seq, limit))]

    def _notes(self, notification_id: NotificationId) -> ArchivedNotes:
        # all of one moment, so that the number tells what is in the rest
        self._read("BEGIN")
        try:
            number = self._read(queries.NOTED)
            acked = self._read(queries.ACKED, (notification_id,))
            events = self._read(queries.TIMELINE, (notification_id,))
        finally:
            if self._connection is not None:
                self._read("COMMIT")
        return ArchivedNotes(
            int(number[0][0]) if number else 0,
            acked[0][0] if acked else 0,
            tuple([queries.event_of(row) for row in events]),
        )

    def _events(self) -> int:
        return int(self._read(queries.EVENTS)[0][0])

    def _oldest_events(self, limit: int) -> list[tuple[NotificationId, int]]:
        return self._read(queries.OLDEST_EVENTS, (limit,))

    def _count(self) -> int:
        return int(self._read(queries.ROWS)[0][0])

    def _read(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self._connect()
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except BaseException:
            self._discard()
            raise

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
