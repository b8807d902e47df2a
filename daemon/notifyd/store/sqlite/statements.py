"""The writer's statements: many rows in one step.

Each step of SQLite lets go of Python's lock and has to get it back from a busy event loop, which costs more than the
step. A batch is therefore written in as few statements as can be, each with many rows, and texts are reused by number
of rows, so that SQLite keeps them prepared.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from notifyd.model.notification import Kind
from notifyd.store.sqlite import durables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyd.model.durable import DurableKey, DurableState
    from notifyd.model.ids import NotificationId
    from notifyd.model.notification import Notification
    from notifyd.model.timeline import TimelineEvent
    from notifyd.store.batch import Batch
    from notifyd.store.inbox_changes import InboxChanges
    from notifyd.store.memory.entry import Entry
    from notifyd.store.note_changes import NoteChanges

    Statement = tuple[str, Sequence[object]]

_JSON: Final = msgspec.json.Encoder()

#: Numbers of rows that have a statement of their own. Batches are small as a rule, so small numbers fit exactly.
_SIZES: Final = (128, 64, 32, *range(16, 0, -1))

_CHANNEL: Final = Kind.CHANNEL

_NOTIFICATIONS: Final = "INSERT INTO notifications VALUES "
_OUTCOMES: Final = "INSERT OR REPLACE INTO outcomes VALUES "
_CHANNELS: Final = "INSERT OR REPLACE INTO channels (id, client, name, generation) VALUES "
_KEYS: Final = "INSERT OR REPLACE INTO idempotency VALUES "
_META: Final = "INSERT OR REPLACE INTO meta VALUES "
_INBOXES: Final = "INSERT OR REPLACE INTO inboxes VALUES "
_INBOX_ITEMS: Final = "INSERT OR REPLACE INTO inbox_items VALUES "
_PUSHED: Final = """UPDATE inbox_items
    SET pushed = pushed + ?, failed = failed + ?, reason = coalesce(nullif(?, ''), reason)
    WHERE inbox = ? AND seq = (SELECT max(seq) FROM notifications WHERE id = ?)"""
#: What is noted of a notification that has gone is not kept.
_ACKS: Final = """INSERT INTO acks SELECT column1, column2 FROM (VALUES """
_ACKS_TAIL: Final = """) WHERE EXISTS (SELECT 1 FROM notifications WHERE id = column1)
    ON CONFLICT (notification) DO UPDATE SET acked = acked + excluded.acked"""
_BEFORE: Final = "coalesce((SELECT max(n) FROM timeline WHERE notification = column1), 0)"
_EVENTS: Final = f"""INSERT INTO timeline SELECT column1, column2 + {_BEFORE},
    column3, column4, column5, column6, column7, column8 FROM (VALUES """
_EVENTS_TAIL: Final = f""") WHERE EXISTS (SELECT 1 FROM notifications WHERE id = column1)
    AND column2 + {_BEFORE} <= ?"""
#: Ids of notifications that go for good: one that was put back is there once more, with a later seq.
_GONE: Final = """SELECT n.id FROM notifications AS n WHERE NOT EXISTS
    (SELECT 1 FROM notifications AS later WHERE later.id = n.id AND later.seq > n.seq) AND n.seq IN """
_PURGED_ACKS: Final = f"DELETE FROM acks WHERE notification IN ({_GONE}"
_PURGED_EVENTS: Final = f"DELETE FROM timeline WHERE notification IN ({_GONE}"
_HEADS: Final = "UPDATE channels SET head = max(head, ?2) WHERE id = ?1"


def plan(batch: Batch) -> Iterator[Statement]:
    """The statements that write *batch*, in an order in which each may rely on those before."""
    yield from _rows("DELETE FROM channels WHERE id IN ", [(i,) for i in batch.forgotten_channels], joined=True)
    yield from _rows("DELETE FROM idempotency WHERE (credential, key) IN ", batch.forgotten_keys, values=True)
    yield from _rows(_NOTIFICATIONS, [_notification_row(entry) for entry in batch.entries])
    yield from _rows(_KEYS, [(k.credential, k.key, k.fingerprint, i, k.expires_at) for k, i in batch.keys])
    yield from _rows(_CHANNELS, batch.channels)
    yield from _rows(_OUTCOMES, batch.settled + batch.decided)
    yield from _rows(_META, list(batch.meta.items()))
    for head in batch.heads.items():
        yield _HEADS, head
    if batch.inbox_rows():
        yield from _inbox_plan(batch.inbox)
    if batch.durables:
        yield from _durables_plan(batch.durables)
    yield from _letter_plan(batch)
    if batch.note_rows():
        yield from _note_plan(batch.notes)
    purged = [(seq,) for seq in batch.purged]
    yield from _rows(_PURGED_ACKS, purged, joined=True, tail=")")
    yield from _rows(_PURGED_EVENTS, purged, joined=True, tail=")")
    yield from _rows("DELETE FROM timeline WHERE (notification, n) IN ", batch.purged_events, values=True)
    yield from _rows("DELETE FROM notifications WHERE seq IN ", purged, joined=True)
    yield from _rows("DELETE FROM outcomes WHERE seq IN ", purged, joined=True)
    yield from _rows("DELETE FROM inbox_items WHERE seq IN ", purged, joined=True)


def _letter_plan(batch: Batch) -> Iterator[Statement]:
    kept = [(letter.id, letter.died_at, _JSON.encode(letter)) for letter in batch.letters.values() if letter]
    yield from _rows("INSERT OR REPLACE INTO dead_letters VALUES ", kept)
    gone = [letter_id for letter_id, letter in batch.letters.items() if letter is None]
    # what was put back is so whatever was written of it before
    gone += batch.taken_letters
    yield from _rows("DELETE FROM dead_letters WHERE id IN ", [(letter_id,) for letter_id in gone], joined=True)


def _note_plan(notes: NoteChanges) -> Iterator[Statement]:
    yield from _rows(_ACKS, list(notes.acked.items()), tail=_ACKS_TAIL)
    first = 0
    for size in _sizes(len(notes.events)):
        rows = _numbered(notes.events[first : first + size])
        parameters = [*chain.from_iterable(rows), notes.max_events]
        yield _text(_EVENTS, len(rows[0]), size, tail=_EVENTS_TAIL), parameters
        first += size


def _numbered(events: Sequence[tuple[NotificationId, TimelineEvent]]) -> list[tuple[object, ...]]:
    """Rows of one statement, counted by notification: what was there before is added by the statement itself."""
    counts: dict[NotificationId, int] = {}
    rows: list[tuple[object, ...]] = []
    for known, event in events:
        counts[known] = counts.get(known, 0) + 1
        happening, user_id, receiver = event.happening.value, event.user_id, event.receiver
        rows.append((known, counts[known], event.at, happening, user_id, receiver, event.attempt, event.detail))
    return rows


def _inbox_plan(changes: InboxChanges) -> Iterator[Statement]:
    yield from _rows(_INBOXES, changes.opened + changes.changed)
    yield from _rows(_INBOX_ITEMS, changes.marked + changes.placed)
    for push in changes.pushes:
        yield _PUSHED, push
    # after all that may have been written about them
    yield from _rows("DELETE FROM inboxes WHERE id IN ", [(i,) for i in changes.forgotten], joined=True)
    yield from _rows("DELETE FROM inbox_items WHERE inbox IN ", [(i,) for i in changes.erased], joined=True)


def _durables_plan(changed: dict[DurableKey, DurableState | None]) -> Iterator[Statement]:
    yield from _rows(durables.INSERT, [durables.row(state) for state in changed.values() if state is not None])
    forgotten = [durables.key_row(key) for key, state in changed.items() if state is None]
    yield from _rows(durables.DELETE, forgotten, values=True)


def _notification_row(entry: Entry) -> tuple[object, ...]:
    n = entry.notification
    return (
        entry.seq,
        n.id,
        n.client_id,
        "channel" if n.kind is _CHANNEL else n.kind.value,
        n.channel,
        n.data,
        n.metadata,
        n.priority,
        n.accepted_at,
        n.due_at,
        n.expires_at,
        n.order_key,
        n.submitted_by,
        "" if n.kind is _CHANNEL else _targets(n),
        n.request_id,
    )


def _targets(notification: Notification) -> str:
    targets = (notification.users, notification.connections, notification.parent)
    return msgspec.json.encode(targets).decode() if any(targets) else ""


def _rows(
    head: str, rows: Sequence[tuple[object, ...]], *, joined: bool = False, values: bool = False, tail: str = ""
) -> Iterator[Statement]:
    first = 0
    for size in _sizes(len(rows)):
        part = rows[first : first + size]
        yield _text(head, len(part[0]), size, joined, values, tail), list(chain.from_iterable(part))
        first += size


def _sizes(left: int) -> Iterator[int]:
    """*left* as a sum of numbers of rows that have a statement of their own."""
    while left:
        size = left if left <= 16 else next(size for size in _SIZES if size <= left)
        yield size
        left -= size


@lru_cache(maxsize=1024)
def _text(head: str, width: int, size: int, joined: bool = False, values: bool = False, tail: str = "") -> str:
    if joined:
        return f"{head}({','.join('?' * size)}){tail}"
    row = f"({','.join('?' * width)})"
    listed = ",".join([row] * size)
    return f"{head}(VALUES {listed}){tail}" if values else head + listed + tail
