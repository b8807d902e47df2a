"""Waiting for what becomes of a notification, over restarts of the daemon."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from notifyctl.daemons.calling import Daemon, refusals
from notifyctl.exits import Refusal, Status
from notifyctl.retrying.backoff import Backoff
from notifyctl.retrying.deadline import Deadline
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.showing.receipts import STATES
from notifyd.v1 import admin_pb2 as pb

if TYPE_CHECKING:
    from notifyctl.command import Invocation
    from notifyctl.showing.output import Record

Goal = Literal["dispatched", "acked"]

#: What the daemon may take beyond the time that it was given to wait.
_GRACE_SECONDS: Final = 5.0
#: What the daemon lets one call wait; a longer wait is several.
_LONGEST_SECONDS: Final = 3600.0
#: A restart, or a limit that others who wait have reached.
_PASSING: Final = (Status.UNREACHABLE, Status.RATE_LIMITED)
_LINE: Final = (
    Column("ID", "id", style="cyan"),
    Column("State", "state", style=STATES),
    Column("Acked", "acked", human="acked {}".format),
    Column("Delivered", "delivered", human="delivered {}".format),
    Column("Stored", "stored", human="stored {}".format),
    Column("Pushed", "pushed", human="pushed {}".format),
    Column("Reason", "reason", style="red"),
)


@dataclass(frozen=True)
class Wish:
    """What is waited for, and how long."""

    goal: Goal
    #: With `acked`: how many; None leaves it to the daemon.
    acks: int | None
    seconds: float


def wait(run: Invocation, notification_id: str, wish: Wish) -> None:
    """Wait until *wish* is true, and print the receipt as it is then, or as it was at the end.

    Raises:
        Refusal: it did not come true: in time (TIMED_OUT), in part (PARTLY), or at all (FAILED).
    """
    event = _last(run.daemon, notification_id, wish)
    _show(run, convert.record(event.receipt))
    if event.verdict != "done":
        raise _fell_short(event, wish)


def _last(daemon: Daemon, notification_id: str, wish: Wish) -> pb.WaitEvent:
    """The event with the verdict.

    Raises:
        Refusal: the daemon refused, or was not there until the time was over.
    """
    deadline = Deadline.after(wish.seconds)
    backoff = Backoff()
    while True:
        left = deadline.left() or 0.0
        try:
            event = _verdict(daemon, notification_id, wish, min(left, _LONGEST_SECONDS))
            if event.verdict != "timed_out" or left <= _LONGEST_SECONDS:
                return event
        except Refusal as refusal:
            # What was accepted is kept, so that a daemon which comes back goes on with it.
            if refusal.status not in _PASSING:
                raise
            if deadline.over():
                words = f"{refusal.message} What became of {notification_id} is not known."
                raise Refusal(words, refusal.status, code=refusal.code) from refusal
            daemon.close()
            time.sleep(deadline.clip(backoff.next_seconds()))


def _verdict(daemon: Daemon, notification_id: str, wish: Wish, seconds: float) -> pb.WaitEvent:
    request = pb.WaitNotificationRequest(
        id=notification_id, until=wish.goal, acks=wish.acks, timeout_seconds=round(seconds, 3)
    )
    for event in _events(daemon, request):
        if event.verdict:
            return event
    raise Refusal("The daemon ended the stream.", Status.UNREACHABLE)


def _events(daemon: Daemon, request: pb.WaitNotificationRequest) -> list[pb.WaitEvent]:
    call = daemon.stream("WaitNotification", request, timeout_seconds=request.timeout_seconds + _GRACE_SECONDS)
    try:
        with refusals():
            return list(call)
    finally:
        call.cancel()


def _show(run: Invocation, receipt: Record) -> None:
    if run.output.form == "json" and not run.output.quiet:
        run.output.one(receipt, _LINE)
    else:
        # On a line for people what is nothing is left out; programs count on its place.
        told = [column for column in _LINE if run.output.form != "table" or column.value(receipt)]
        run.output.each(receipt, told, form=run.output.form)


def _fell_short(event: pb.WaitEvent, wish: Wish) -> Refusal:
    receipt = event.receipt
    still = "still " if event.verdict == "timed_out" else ""
    got = f"{event.acked} of {event.wanted} acked" if wish.goal == "acked" else f"it is {still}{receipt.state}"
    if 0 < event.acked < event.wanted:
        return Refusal(f"{receipt.id}: {got}{_why(event, wish)}.", Status.PARTLY, code="partly_done")
    if event.verdict == "timed_out":
        return Refusal(f"{receipt.id}: {got}{_why(event, wish)}.", Status.TIMED_OUT, code="timed_out")
    return Refusal(f"{receipt.id}: {got}{_why(event, wish)}.", code=f"notification_{receipt.state}")


def _why(event: pb.WaitEvent, wish: Wish) -> str:
    if event.verdict == "timed_out":
        return f" after {wish.seconds:g} s" if wish.goal == "dispatched" else f" within {wish.seconds:g} s"
    reason = f": {event.receipt.reason}" if event.receipt.reason else ""
    if wish.goal == "dispatched":
        return reason
    if event.receipt.state == "dispatched":
        return ", and no more can come"
    return f", and it is {event.receipt.state}{reason}"
