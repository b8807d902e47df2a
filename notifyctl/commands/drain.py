"""notifyctl drain."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command
from notifyctl.params import duration_option
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import spoken
from notifyd.v1 import admin_pb2 as pb

app = typer.Typer(add_completion=False)

_COLUMNS = (Column("Connections", "connections"), Column("Closed over", "seconds", human=spoken))


@command(app, "drain", example="notifyctl drain --over 30s --yes", changes=True, asks=True)
def drain(
    run: Invocation,
    *,
    over: Annotated[
        float | None,
        duration_option("--over", help="How long closing the connections is spread over; the setting unless given."),
    ] = None,
) -> None:
    """Stop the daemon politely.

    It accepts nothing more, finishes its batch, closes its connections with a word to come back, and ends.
    """
    run.confirm("Draining and stopping the daemon")
    run.output.one(convert.record(run.daemon.call("Drain", pb.DrainRequest(seconds=over))), _COLUMNS)
