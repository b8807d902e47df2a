"""The timeline of a receipt, with what the receipt knows by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyd.model.notification import State
from notifyd.model.timeline import Happening, TimelineEvent

if TYPE_CHECKING:
    from notifyd.model.receipt import Receipt

_ENDINGS: Final = {
    State.DISPATCHED: Happening.DISPATCHED,
    State.EXPIRED: Happening.EXPIRED,
    State.CANCELLED: Happening.CANCELLED,
    State.CLEARED: Happening.CLEARED,
    State.DEAD: Happening.DEAD,
}


def told(receipt: Receipt) -> tuple[TimelineEvent, ...]:
    """What happened, in order: when it was accepted, what was noted, and how it was settled."""
    noted = receipt.timeline
    known = {(event.happening, event.at) for event in noted}
    events = list(noted)
    if (Happening.ACCEPTED, receipt.accepted_at) not in known:
        events.append(TimelineEvent(receipt.accepted_at, Happening.ACCEPTED))
    ending = _ENDINGS.get(receipt.state)
    if ending is not None and receipt.settled_at and (ending, receipt.settled_at) not in known:
        detail = receipt.reason if ending is Happening.DEAD else ""
        events.append(TimelineEvent(receipt.settled_at, ending, detail=detail))
    return tuple(sorted(events, key=_order))


def _order(event: TimelineEvent) -> tuple[int, bool, bool]:
    # an ack may be noted in the millisecond of the dispatch that it answers
    first = event.happening is not Happening.ACCEPTED
    return event.at, first, first and event.happening is not Happening.DISPATCHED
