"""notifyctl users."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.daemons.known import check_client
from notifyctl.options import OfClient
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import relative
from notifyctl.values.sizes import binary
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at users and their inboxes.")

_LISTED = (
    Column("User", "userId", style="cyan"),
    Column("Client", "clientId", spare=True),
    Column("Connections", "connections"),
    Column("Undelivered", "undelivered", style="bold"),
    Column("Kept", "notifications", spare=True),
    Column("Size", "sizeBytes", human=binary, spare=True),
    Column("Cursor", "cursor", spare=True),
    Column("Epoch", "position.epoch", spare=True),
    Column("Offset", "position.offset", spare=True),
    Column("Last", "lastAt", human=relative),
)


@command(app, "list", example="notifyctl users list --client CLIENT_ID --prefix al")
def list_(
    run: Invocation,
    *,
    client: OfClient = None,
    prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Only ids that begin so.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100_000, metavar="N", help="At most so many.")
    ] = 1000,
) -> None:
    """List users that have an inbox: what is kept for them, and what has not arrived yet."""
    request = pb.ListInboxesRequest(client_id=client or "", prefix=prefix, limit=limit)
    answer = run.daemon.call("ListInboxes", request)
    check_client(run.daemon, client, answer.inboxes)
    run.output.many([convert.record(inbox) for inbox in answer.inboxes], _LISTED, key="userId")
