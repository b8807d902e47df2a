"""notifyctl notifications."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.exits import usage
from notifyctl.options import NotificationId
from notifyctl.params import duration_option
from notifyctl.sending.waiting import Goal, Wish
from notifyctl.sending.waiting import wait as wait_for
from notifyctl.showing import convert
from notifyctl.showing.receipts import SHOWN, TIMELINE, USERS
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at single notifications, wait for them, and withdraw them.")


@command(app, "show", example="notifyctl notifications show ID -o json | jq .state")
def show(run: Invocation, notification_id: NotificationId) -> None:
    """Show the receipt of a notification: its state, its counts, and what happened to it in order.

    One to users has a row for each of them: whether it waits in the inbox or has arrived, and what became of pushes.
    """
    answer = run.daemon.call("GetNotification", pb.GetNotificationRequest(id=notification_id))
    receipt = convert.record(answer)
    run.output.one(receipt, SHOWN, key="id")
    run.output.below(receipt["users"], USERS)
    run.output.below(receipt["timeline"], TIMELINE)


@command(
    app,
    "wait",
    example="notifyctl notifications wait ID\nnotifyctl notifications wait ID --until acked --acks 2 --timeout 1m -q",
)
def wait(
    run: Invocation,
    notification_id: NotificationId,
    *,
    until: Annotated[Goal, typer.Option("--until", help="What to wait for.")] = "dispatched",
    acks: Annotated[
        int | None,
        typer.Option(
            "--acks", min=1, max=1_000_000, metavar="N", help="So many acks; one, or every user, unless given."
        ),
    ] = None,
    timeout: Annotated[float, duration_option("--timeout", help="How long to wait.", show_default="30s")] = 30.0,
) -> None:
    """Wait until a notification is dispatched or acked, and print its receipt, in plain on one line as `send` does.

    The exit status is 7 when the time was over and nobody had acked, 8 when some acked and not all, and 1 when it can
    no longer come true.
    """
    if acks is not None and until != "acked":
        raise usage("--acks goes with --until acked.")
    wait_for(run, notification_id, Wish(until, acks, timeout))


@command(app, "cancel", example="notifyctl notifications cancel ID", changes=True)
def cancel(run: Invocation, notification_id: NotificationId) -> None:
    """Withdraw a notification that still waits.

    When it is too late the exit status is 5.
    """
    answer = run.daemon.call("CancelNotification", pb.CancelNotificationRequest(id=notification_id))
    run.output.one(convert.record(answer), SHOWN, key="id")
