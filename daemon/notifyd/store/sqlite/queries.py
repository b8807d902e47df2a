"""Every read of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from notifyd.model.notification import Kind, Notification, State
from notifyd.model.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable

#: Columns of a notification in the order of `notification_of`.
_COLUMNS: Final = """n.id, n.client, n.kind, n.channel, n.data, n.metadata, n.priority,
    n.accepted_at, n.due_at, n.expires_at, n.order_key, n.submitted_by"""

META: Final = "SELECT name, value FROM meta"

#: seq of what waits. Reads the small index alone, not the notifications.
UNSETTLED: Final = """SELECT seq FROM notifications AS n INDEXED BY notifications_by_id
    WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = n.seq AND outcomes.state <> 'waiting')"""

#: Of what waits, what has a place in a channel already.
CARRIED_OVER: Final = "SELECT seq, channel, offset FROM outcomes WHERE state = 'waiting' ORDER BY offset, seq"

#: Newest offset of each channel of which rows are left.
HEADS: Final = "SELECT channel, offset FROM outcomes WHERE channel IS NOT NULL"

CHANNELS: Final = "SELECT id, client, name, generation, head FROM channels"

#: Every place in a channel, newest acceptance first.
STAMPS: Final = """SELECT seq, channel, offset, settled_at, state FROM outcomes
    WHERE channel IS NOT NULL ORDER BY seq DESC"""

IDEMPOTENCY: Final = """SELECT credential, key, fingerprint, notification, expires_at FROM idempotency
    ORDER BY expires_at"""

LAST_SEQ: Final = (
    "SELECT max(coalesce((SELECT max(seq) FROM notifications), 0), coalesce((SELECT max(seq) FROM outcomes), 0))"
)

ROWS: Final = "SELECT count(*) FROM outcomes"

RECEIPT: Final = """SELECT n.id, n.client, n.kind, n.channel, n.priority, o.state, n.accepted_at, n.due_at,
    n.expires_at, o.settled_at, o.attempts, o.delivered, c.generation, o.offset
    FROM notifications AS n LEFT JOIN outcomes AS o ON o.seq = n.seq LEFT JOIN channels AS c ON c.id = o.channel
    WHERE n.id = ? ORDER BY n.seq DESC LIMIT 1"""

#: Settled rows from a seq on: candidates for the purge.
SETTLED: Final = """SELECT o.seq, o.settled_at, o.channel, o.offset, coalesce(n.client, ''), coalesce(n.channel, '')
    FROM outcomes AS o LEFT JOIN notifications AS n ON n.seq = o.seq
    WHERE o.seq > ? AND o.state <> 'waiting' ORDER BY o.seq LIMIT ?"""

_KINDS: Final = {kind.value: kind for kind in Kind}


def notifications(count: int) -> str:
    """The query for the notifications with *count* given seqs, in their order."""
    return f"SELECT {_COLUMNS}, n.seq FROM notifications AS n WHERE seq IN ({','.join('?' * count)}) ORDER BY seq"


def notification_of(row: tuple[Any, ...]) -> Notification:
    """The notification in the first columns of *row*."""
    ident, client, kind, channel, data, metadata, *rest = row[:12]
    return Notification(ident, client, _KINDS[kind], channel, data, metadata, *rest)


def receipt_of(row: tuple[Any, ...], epoch: Callable[[int], str]) -> Receipt:
    """The receipt in *row* of the query RECEIPT."""
    ident, client, kind, channel, priority, state, accepted_at, due_at, expires_at, *rest = row
    receipt = Receipt(ident, client, _KINDS[kind], channel, priority, State.WAITING, accepted_at, due_at, expires_at)
    if state is None or state == State.WAITING.value:
        return receipt
    settled_at, attempts, delivered, generation, offset = rest
    placed = generation is not None
    return msgspec.structs.replace(
        receipt,
        state=State(state),
        settled_at=settled_at,
        attempts=attempts,
        delivered=delivered,
        epoch=epoch(generation) if placed else "",
        offset=offset if placed else 0,
    )
