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
    from notifyd.model.notification import Notification
    from notifyd.store.batch import Batch
    from notifyd.store.inbox_changes import InboxChanges
    from notifyd.store.memory.entry import Entry

    Statement = tuple[str, Sequence[object]]

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
    purged = [(seq,) for seq in batch.purged]
    yield from _rows("DELETE FROM notifications WHERE seq IN ", purged, joined=True)
    yield from _rows("DELETE FROM outcomes WHERE seq IN ", purged, joined=True)
    yield from _rows("DELETE FROM inbox_items WHERE seq IN ", purged, joined=True)


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
    )


def _targets(notification: Notification) -> str:
    targets = (notification.users, notification.connections, notification.parent)
    return msgspec.json.encode(targets).decode() if any(targets) else ""


def _rows(
    head: str, rows: Sequence[tuple[object, ...]], *, joined: bool = False, values: bool = False
) -> Iterator[Statement]:
    first = 0
    while first < len(rows):
        left = len(rows) - first
        size = left if left <= 16 else next(size for size in _SIZES if size <= left)
        part = rows[first : first + size]
        yield _text(head, len(part[0]), size, joined, values), list(chain.from_iterable(part))
        first += size


@lru_cache(maxsize=1024)
def _text(head: str, width: int, size: int, joined: bool, values: bool) -> str:
    if joined:
        return f"{head}({','.join('?' * size)})"
    row = f"({','.join('?' * width)})"
    listed = ",".join([row] * size)
    return f"{head}(VALUES {listed})" if values else head + listed
