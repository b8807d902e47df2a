"""What a user's inbox tells of a notification that was placed in it once, for the receipts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notifyd.model.receipt import InboxState

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The fields of `InboxKeys.meta` that `arrivals_in` takes, in this order.
ARRIVAL_FIELDS: Final = ("epoch", "cursor", "floor", "erased")


class Arrivals(NamedTuple):
    """How far one inbox is."""

    #: "" where there is none (any more).
    epoch: str
    #: Up to here everything has arrived, and up to there everything has left.
    cursor: int
    floor: int
    #: The epochs of the user's inboxes that were removed: nothing is told of what was in them.
    erased: Sequence[str] = ()


def arrivals_in(fields: Sequence[bytes | None]) -> Arrivals:
    """What the answer to HMGET `InboxKeys.meta` `ARRIVAL_FIELDS` says."""
    epoch, cursor, floor, erased = fields
    return Arrivals((epoch or b"").decode(), int(cursor or 0), int(floor or 0), (erased or b"").decode().split())


def state_of(
    arrivals: Arrivals, *, epoch: str, offset: int, ended: InboxState | None, expires_at: int, now: int
) -> InboxState | None:
    """What became of what was placed at *epoch* and *offset*; None: nothing is told of it, its user was removed.

    *ended* is what the receipt was told (`ended`), None for nothing.
    """
    if epoch in arrivals.erased:
        return None
    if ended is not None:
        return ended
    # who forgets an inbox tells what has not arrived, and so it has
    if epoch != arrivals.epoch or offset <= arrivals.cursor:
        return InboxState.DELIVERED
    if expires_at <= now:
        return InboxState.EXPIRED
    return InboxState.EVICTED if offset <= arrivals.floor else InboxState.STORED
