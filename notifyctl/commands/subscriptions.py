"""notifyctl subscriptions."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import offers
from notifyctl.daemons.known import check_client
from notifyctl.options import ChannelName, Client, OfClient
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import relative
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at durable subscriptions, which outlive their connections.")

_LISTED = (
    Column("Name", "name", style="cyan"),
    Column("Channel", "channel"),
    Column("User", "userId", spare=True),
    Column("Client", "clientId", spare=True),
    Column("Pending", "pending", style="bold"),
    Column("Unacked", "unacked"),
    Column("Connections", "connections"),
    Column("Epoch", "position.epoch", spare=True),
    Column("Offset", "position.offset", spare=True),
    Column("Used", "usedAt", human=relative),
)


@command(
    app,
    "list",
    example="notifyctl subscriptions list\nnotifyctl subscriptions list --channel orders -o json | jq '.[].pending'",
)
def list_(
    run: Invocation,
    *,
    client: OfClient = None,
    channel: Annotated[
        str,
        typer.Option(
            "--channel", metavar="CHANNEL", help="Only those to this channel.", autocompletion=offers.channels
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, metavar="N", help="At most so many.")
    ] = 1000,
) -> None:
    """List durable subscriptions: what each has not acked yet, and who serves it now."""
    request = pb.ListDurableRequest(client_id=client or "", channel=channel, limit=limit)
    answer = run.daemon.call("ListDurable", request)
    check_client(run.daemon, client, answer.subscriptions)
    run.output.many([convert.record(each) for each in answer.subscriptions], _LISTED, key="name")


@command(
    app,
    "remove",
    example="notifyctl subscriptions remove orders worker --yes\n"
    "notifyctl subscriptions remove orders phone --user alice --client CLIENT_ID --yes",
    changes=True,
    asks=True,
)
def remove(
    run: Invocation,
    channel: ChannelName,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Name of the subscription.", autocompletion=offers.durable_names),
    ],
    *,
    user: Annotated[
        str,
        typer.Option("--user", metavar="ID", help="Whose it is, where a user made it.", autocompletion=offers.users),
    ] = "",
    client: Client = None,
) -> None:
    """Forget a durable subscription, and with it what has not been acked.

    Whoever subscribes under the name again begins anew. While connections serve it, it stays, and the exit status is 5.
    """
    run.confirm(f"Removing subscription {name} to {channel} and what it has not acked")
    request = pb.RemoveDurableRequest(client_id=client or "", channel=channel, name=name, user_id=user)
    run.output.one(convert.record(run.daemon.call("RemoveDurable", request)), _LISTED, key="name")
