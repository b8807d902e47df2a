"""Whether what somebody waits for has come true, can still come true, or cannot any more."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from notifyd.model.notification import Kind, State

if TYPE_CHECKING:
    from notifyd.model.receipt import Receipt

#: Nobody acks anything else.
_ACKED: Final = (Kind.CHANNEL, Kind.USERS)


class Until(enum.Enum):
    """What can be waited for."""

    #: It is settled: handed to every connection that was there for it.
    DISPATCHED = "dispatched"
    #: Receivers have acked it, or it has arrived at its users.
    ACKED = "acked"


class Verdict(enum.Enum):
    """How a wait ended."""

    DONE = "done"
    #: It cannot come true any more.
    FAILED = "failed"
    TIMED_OUT = "timed_out"


def acks_of(receipt: Receipt) -> int:
    """Acks of subscriptions, and users whom it has reached."""
    return receipt.acked + receipt.arrived


def wanted_acks(receipt: Receipt, asked: int | None) -> int:
    """How many acks are waited for: those *asked* for, or else one from every user, or one."""
    return asked or len(receipt.users) or 1


def verdict_of(receipt: Receipt, until: Until, *, wanted: int, now: int) -> Verdict | None:
    """DONE or FAILED at *now* (milliseconds); None while both may come."""
    if receipt.state is State.WAITING:
        return None
    if until is Until.DISPATCHED:
        return Verdict.DONE if receipt.state is State.DISPATCHED else Verdict.FAILED
    if acks_of(receipt) >= wanted:
        return Verdict.DONE
    return None if _may_be_acked(receipt, wanted, now) else Verdict.FAILED


def _may_be_acked(receipt: Receipt, wanted: int, now: int) -> bool:
    if receipt.state is not State.DISPATCHED or receipt.kind not in _ACKED or receipt.expires_at <= now:
        return False
    # whoever is not there yet may come for a channel; the users of a notification are known
    return receipt.kind is Kind.CHANNEL or acks_of(receipt) + receipt.stored >= wanted
