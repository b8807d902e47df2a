"""What a journal still knows of inboxes after a restart."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from notifyd.model.notification import State
from notifyd.model.publication import Publication
from notifyd.model.receipt import InboxState
from notifyd.store.memory.channel import withheld
from notifyd.store.memory.user_inbox import UserInbox
from notifyd.store.sqlite import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from notifyd.model.notification import Notification
    from notifyd.store.memory.channel import Channel
    from notifyd.store.memory.inbox import MemoryInbox
    from notifyd.store.memory.user_inbox import InboxItem
    from notifyd.store.sqlite.restore import Restored

#: Rows fetched from SQLite at once.
_FETCH_ROWS: Final = 500

_Row = tuple[Any, ...]


class RestoredInboxes:
    """Reads inboxes and what is in them. *channels* are the streams that were restored, by id."""

    def __init__(self, connection: sqlite3.Connection, restored: Restored, channels: dict[int, Channel]) -> None:
        self._connection = connection
        self._restored = restored
        self._channels = channels
        self._inboxes: dict[int, UserInbox] = {}
        self._publications: dict[int, Publication] = {}

    def fill(self, memory: MemoryInbox, *, now: int) -> None:
        """Put everything that is kept into *memory*."""
        runs: dict[int, list[InboxItem]] = {}
        rows = self._connection.execute(queries.INBOXES).fetchall()
        for inbox_id, client, user, generation, *_ in rows:
            epoch = memory.book.epoch(generation)
            self._inboxes[inbox_id] = UserInbox(inbox_id, (client, user), epoch=epoch, generation=generation)
        for item in self._kept():
            runs.setdefault(item.inbox.id, []).append(item)
        for inbox_id, *_, head, _floor, cursor in rows:
            memory.adopt(self._inboxes[inbox_id], runs.get(inbox_id, []), head=head, cursor=cursor)
        last_id = int(self._connection.execute(queries.LAST_INBOX).fetchone()[0])
        memory.adopted(after_id=last_id, now=now)

    def items_of(self, seq: int, publication: Publication) -> list[InboxItem]:
        """The places that a notification had before the daemon stopped, in inboxes that are still known."""
        items: list[InboxItem] = []
        for row in self._connection.execute(queries.ITEMS_OF, (seq,)).fetchall():
            inbox = self._inboxes.get(row[0])
            if inbox is not None:
                items.append(inbox.item(row[1]) or _left(queries.item_of(row, inbox, publication)))
        return items

    def _kept(self) -> Iterator[InboxItem]:
        cursor = self._connection.execute(queries.KEPT_ITEMS)
        while rows := list(islice(cursor, _FETCH_ROWS)):
            self._read({row[2] for row in rows} - self._publications.keys())
            for row in rows:
                publication = self._publications.get(row[2])
                if publication is not None:
                    yield queries.item_of(row, self._inboxes[row[0]], publication)

    def _read(self, seqs: set[int]) -> None:
        """Find the publications with these numbers, which several inboxes may keep."""
        if not seqs:
            return
        wanted = sorted(seqs)
        places = {row[0]: row for row in self._connection.execute(queries.places(len(wanted)), wanted)}
        for seq, notification in self._restored.notifications(wanted).items():
            self._publications[seq] = self._publication(notification, places.get(seq))

    def _publication(self, notification: Notification, place: _Row | None) -> Publication:
        if place is None:
            return Publication(notification, "", 0)
        _, channel_id, offset, state = place
        channel = self._channels.get(channel_id)
        publication = Publication(notification, *(("", 0) if channel is None else (channel.epoch, offset)))
        return withheld(publication) if state == State.DEAD.value else publication


def _left(item: InboxItem) -> InboxItem:
    """*item*, which its inbox does not keep any more."""
    if item.ended is None and item.offset > item.inbox.cursor:
        item.ended = InboxState.EVICTED
    return item
