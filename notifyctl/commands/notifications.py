"""notifyctl notifications."""

from notifyctl import convert
from notifyctl.command import Invocation, command, noun
from notifyctl.options import NotificationId
from notifyctl.output import Column
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at single notifications, and withdraw them.")

STATES = {
    "waiting": "yellow",
    "dispatched": "green",
    "expired": "red",
    "cancelled": "magenta",
    "cleared": "magenta",
    "dead": "red",
}
_SHOWN = (
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
    Column("Epoch", "position.epoch"),
    Column("Offset", "position.offset"),
)


@command(app, "show", example="notifyctl notifications show ID -o json | jq .state")
def show(run: Invocation, notification_id: NotificationId) -> None:
    """Show the receipt of a notification."""
    answer = run.daemon.call("GetNotification", pb.GetNotificationRequest(id=notification_id))
    run.output.one(convert.record(answer), _SHOWN, key="id")


@command(app, "cancel", example="notifyctl notifications cancel ID", changes=True)
def cancel(run: Invocation, notification_id: NotificationId) -> None:
    """Withdraw a notification that still waits.

    When it is too late the exit status is 5.
    """
    answer = run.daemon.call("CancelNotification", pb.CancelNotificationRequest(id=notification_id))
    run.output.one(convert.record(answer), _SHOWN, key="id")
