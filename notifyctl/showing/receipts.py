"""How receipts are shown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from notifyctl.showing.output import Column
from notifyctl.values.moments import clock

if TYPE_CHECKING:
    from notifyctl.showing.output import Record

STATES: Final = {
    "waiting": "yellow",
    "dispatched": "green",
    "expired": "red",
    "cancelled": "magenta",
    "cleared": "magenta",
    "dead": "red",
}
"""Styles of the states of a notification."""
_GOOD: Final = ("dispatched", "acked", "arrived", "pushed")
_AGAIN: Final = ("nacked", "ack_timed_out", "redelivered", "retried")
_BAD: Final = ("dead", "expired", "push_failed", "evicted", "dropped")


def _summary(users: list[Record]) -> str:
    states = Counter(user["state"] for user in users)
    return f"{len(users)}: " + ", ".join(f"{count} {state}" for state, count in states.items())


def events(timeline: list[Record]) -> str:
    """How long *timeline* is, in words."""
    return f"{len(timeline)} {'event' if len(timeline) == 1 else 'events'}"


SHOWN: Final = (
    Column("ID", "id", style="cyan"),
    Column("State", "state", style=STATES),
    Column("Client", "clientId"),
    Column("Kind", "kind"),
    Column("Channel", "channel"),
    Column("Priority", "priority"),
    Column("Accepted", "acceptedAt"),
    Column("Due", "dueAt"),
    Column("Expires", "expiresAt"),
    Column("Settled", "settledAt"),
    Column("Attempts", "attempts"),
    Column("Delivered", "delivered"),
    Column("Acked", "acked"),
    Column("Stored", "stored"),
    Column("Arrived", "arrived"),
    Column("Pushed", "pushed"),
    Column("Failed", "failed"),
    Column("Reason", "reason"),
    Column("Epoch", "position.epoch"),
    Column("Offset", "position.offset"),
    Column("Request", "requestId"),
    Column("Users", "users", human=_summary),
    Column("Timeline", "timeline", human=events),
)
"""Columns of one receipt."""
USERS: Final = (
    Column("User", "userId", style="cyan"),
    Column(
        "State",
        "state",
        style={"stored": "yellow", "delivered": "green", "evicted": "red", "expired": "red", "dead": "red"},
    ),
    Column("Offset", "offset"),
    Column("Connections", "connections"),
    Column("Pushed", "pushed"),
    Column("Failed", "failed"),
    Column("Reason", "reason"),
)
"""Columns of what became of a notification for its users."""


def _try(attempt: int) -> str:
    return str(attempt) if attempt else "-"


TIMELINE: Final = (
    Column("Time", "at", human=clock, style="dim"),
    Column(
        "Event",
        "event",
        style=dict.fromkeys(_GOOD, "green") | dict.fromkeys(_AGAIN, "yellow") | dict.fromkeys(_BAD, "red"),
    ),
    Column("User", "userId", style="cyan", spare=True),
    Column("Receiver", "receiver", spare=True),
    Column("Try", "attempt", human=_try),
    Column("Detail", "detail"),
)
"""Columns of what happened to a notification."""
