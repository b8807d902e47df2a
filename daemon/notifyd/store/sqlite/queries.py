"""Every read of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from notifyd.model.ids import ConnectionId, NotificationId, UserId
from notifyd.model.notification import Kind, Notification, State
from notifyd.model.receipt import InboxState, Receipt
from notifyd.model.timeline import Happening, TimelineEvent
from notifyd.store.archive import ArchivedItem
from notifyd.store.memory.user_inbox import InboxItem, UserInbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.model.publication import Publication

#: Columns of a notification in the order of `notification_of`.
_COLUMNS: Final = """n.id, n.client, n.kind, n.channel, n.data, n.metadata, n.priority,
    n.accepted_at, n.due_at, n.expires_at, n.order_key, n.submitted_by, n.request, n.targets"""

META: Final = "SELECT name, value FROM meta"

#: seq of what waits. Reads the small index alone, not the notifications.
UNSETTLED: Final = """SELECT seq FROM notifications AS n INDEXED BY notifications_by_id
    WHERE NOT EXISTS (SELECT 1 FROM outcomes WHERE outcomes.seq = n.seq AND outcomes.state <> 'waiting')"""

#: Of what waits, what has a place in a stream already.
CARRIED_OVER: Final = "SELECT seq, channel, offset FROM outcomes WHERE state = 'waiting' ORDER BY offset, seq"

#: Newest offset of each channel of which rows are left.
HEADS: Final = "SELECT channel, offset FROM outcomes WHERE channel IS NOT NULL"

CHANNELS: Final = "SELECT id, client, name, generation, head FROM channels"

#: Every place in a stream, newest acceptance first.
STAMPS: Final = """SELECT seq, channel, offset, settled_at, state FROM outcomes
    WHERE channel IS NOT NULL ORDER BY seq DESC"""

IDEMPOTENCY: Final = """SELECT credential, key, fingerprint, notification, expires_at FROM idempotency
    ORDER BY expires_at"""

LAST_SEQ: Final = (
    "SELECT max(coalesce((SELECT max(seq) FROM notifications), 0), coalesce((SELECT max(seq) FROM outcomes), 0))"
)

ROWS: Final = "SELECT count(*) FROM outcomes"

RECEIPT: Final = """SELECT n.id, n.client, n.kind, n.channel, n.priority, o.state, n.accepted_at, n.due_at,
    n.expires_at, o.settled_at, o.attempts, o.delivered, o.reason, c.generation, o.offset,
    n.submitted_by, n.request, n.seq, n.targets
    FROM notifications AS n LEFT JOIN outcomes AS o ON o.seq = n.seq LEFT JOIN channels AS c ON c.id = o.channel
    WHERE n.id = ? ORDER BY n.seq DESC LIMIT 1"""

#: Settled rows from a seq on: candidates for the purge.
SETTLED: Final = """SELECT o.seq, o.settled_at, o.channel, o.offset, coalesce(n.client, ''),
    CASE n.kind WHEN 'channel' THEN n.channel ELSE '' END
    FROM outcomes AS o LEFT JOIN notifications AS n ON n.seq = o.seq
    WHERE o.seq > ? AND o.state <> 'waiting' ORDER BY o.seq LIMIT ?"""

INBOXES: Final = "SELECT id, client, user, generation, head, floor, cursor FROM inboxes"

LAST_INBOX: Final = (
    "SELECT max(coalesce((SELECT max(id) FROM inboxes), 0), coalesce((SELECT max(inbox) FROM inbox_items), 0))"
)

_ITEM_COLUMNS: Final = """i.inbox, i.offset, i.seq, i.user, i.stamped_at, i.ended, i.connections, i.pushed, i.failed,
    i.reason"""

#: What is kept in inboxes, in the order of each.
KEPT_ITEMS: Final = f"""SELECT {_ITEM_COLUMNS} FROM inbox_items AS i JOIN inboxes AS u ON u.id = i.inbox
    WHERE i.offset > u.floor ORDER BY i.inbox, i.offset"""

#: What is or was in inboxes of one notification.
ITEMS_OF: Final = f"SELECT {_ITEM_COLUMNS} FROM inbox_items AS i WHERE i.seq = ? ORDER BY i.user"

NOTED: Final = "SELECT value FROM meta WHERE name = 'noted'"

ACKED: Final = "SELECT acked FROM acks WHERE notification = ?"

TIMELINE: Final = """SELECT at, happening, user, receiver, attempt, detail FROM timeline
    WHERE notification = ? ORDER BY n"""

EVENTS: Final = "SELECT count(*) FROM timeline"

#: The oldest events, wherever they are.
OLDEST_EVENTS: Final = "SELECT notification, n FROM timeline ORDER BY at LIMIT ?"

#: In the order of death.
DEAD_LETTERS: Final = "SELECT letter FROM dead_letters ORDER BY died_at, id"

_KINDS: Final = {kind.value: kind for kind in Kind}

_TARGETS: Final = msgspec.json.Decoder(tuple[tuple[UserId, ...], tuple[ConnectionId, ...], NotificationId])
_NOBODY: Final = ((), (), NotificationId(""))


def notifications(count: int) -> str:
    """The query for the notifications with *count* given seqs, in their order."""
    return f"SELECT {_COLUMNS}, n.seq FROM notifications AS n WHERE seq IN ({','.join('?' * count)}) ORDER BY seq"


def places(count: int) -> str:
    """The query for the places in streams of *count* given seqs."""
    return f"SELECT seq, channel, offset, state FROM outcomes WHERE seq IN ({','.join('?' * count)})"


def notification_of(row: tuple[Any, ...]) -> Notification:
    """The notification in the first columns of *row*."""
    ident, client, kind, *rest, request, targets = row[:14]
    fields = (*rest, *(_TARGETS.decode(targets) if targets else _NOBODY), request)
    return Notification(ident, client, _KINDS[kind], *fields)


def item_of(row: tuple[Any, ...], inbox: UserInbox, publication: Publication) -> InboxItem:
    """The item in *row*."""
    _, offset, seq, nth, stamped_at, ended, *counts = row
    return InboxItem(inbox, offset, seq, nth, publication, stamped_at, _ended(ended), *counts)


def archived_item_of(row: tuple[Any, ...], targets: str) -> ArchivedItem:
    """The item in *row*, of a notification with *targets*."""
    inbox_id, offset, _, nth, _, ended, *counts = row
    return ArchivedItem(inbox_id, _TARGETS.decode(targets)[0][nth], offset, _ended(ended), *counts)


def event_of(row: tuple[Any, ...]) -> TimelineEvent:
    """The event in *row* of the query TIMELINE."""
    at, happening, user_id, receiver, attempt, detail = row
    return TimelineEvent(at, Happening(happening), user_id, receiver, attempt, detail)


def _ended(word: str) -> InboxState | None:
    return InboxState(word) if word else None


def receipt_of(row: tuple[Any, ...], epoch: Callable[[int], str]) -> Receipt:
    """The receipt in *row* of the query RECEIPT."""
    ident, client, kind, channel, priority, state, accepted_at, due_at, expires_at, *rest = row[:15]
    submitted_by, request = row[15:17]
    receipt = Receipt(
        ident,
        client,
        _KINDS[kind],
        channel,
        priority,
        State.WAITING,
        accepted_at,
        due_at,
        expires_at,
        submitted_by=submitted_by,
        request_id=request,
    )
    if state is None or state == State.WAITING.value:
        return receipt
    settled_at, attempts, delivered, reason, generation, offset = rest
    placed = generation is not None and receipt.kind is Kind.CHANNEL
    return msgspec.structs.replace(
        receipt,
        state=State(state),
        settled_at=settled_at,
        attempts=attempts,
        delivered=delivered,
        epoch=epoch(generation) if placed else "",
        offset=offset if placed else 0,
        reason=reason,
    )
