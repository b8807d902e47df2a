"""notifyctl notifications."""

from collections import Counter

from notifyctl import convert
from notifyctl.command import Invocation, command, noun
from notifyctl.options import NotificationId
from notifyctl.output import Column, Record
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


def _summary(users: list[Record]) -> str:
    states = Counter(user["state"] for user in users)
    return f"{len(users)}: " + ", ".join(f"{count} {state}" for state, count in states.items())


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
    Column("Stored", "stored"),
    Column("Arrived", "arrived"),
    Column("Pushed", "pushed"),
    Column("Failed", "failed"),
    Column("Reason", "reason"),
    Column("Epoch", "position.epoch"),
    Column("Offset", "position.offset"),
    Column("Users", "users", human=_summary),
)
_USERS = (
    Column("User", "userId", style="cyan"),
    Column("State", "state", style={"stored": "yellow", "delivered": "green", "evicted": "red", "expired": "red"}),
    Column("Offset", "offset"),
    Column("Connections", "connections"),
    Column("Pushed", "pushed"),
    Column("Failed", "failed"),
    Column("Reason", "reason"),
)


@command(app, "show", example="notifyctl notifications show ID -o json | jq .state")
def show(run: Invocation, notification_id: NotificationId) -> None:
    """Show the receipt of a notification.

    One to users has a row for each of them: whether it waits in the inbox or has arrived, and what became of pushes.
    """
    answer = run.daemon.call("GetNotification", pb.GetNotificationRequest(id=notification_id))
    receipt = convert.record(answer)
    run.output.one(receipt, _SHOWN, key="id")
    if receipt["users"] and run.output.form == "table" and not run.output.quiet:
        run.output.text("")
        run.output.many(receipt["users"], _USERS)


@command(app, "cancel", example="notifyctl notifications cancel ID", changes=True)
def cancel(run: Invocation, notification_id: NotificationId) -> None:
    """Withdraw a notification that still waits.

    When it is too late the exit status is 5.
    """
    answer = run.daemon.call("CancelNotification", pb.CancelNotificationRequest(id=notification_id))
    run.output.one(convert.record(answer), _SHOWN, key="id")
