"""notifyctl logs."""

from typing import Annotated, Any, Literal

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.daemons.calling import refusals
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyctl.values.moments import clock
from notifyd.v1 import admin_pb2 as pb

app = noun("Read the daemon's log.")

Level = Literal["debug", "info", "warning", "error"]


def _fields(fields: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items())


_RECORD = (
    Column("Time", "timestamp", human=clock, style="dim"),
    Column(
        "Level",
        "level",
        human="{:<7}".format,
        style={"warning": "yellow", "error": "bold red", "critical": "bold red", "info": "green", "debug": "dim"},
    ),
    Column("Event", "event", style="bold"),
    Column("Fields", "fields", human=_fields),
)


@command(
    app,
    "tail",
    example="notifyctl logs tail -n 50 --level warning\nnotifyctl logs tail -f -o ndjson | jq -r .event",
)
def tail(
    run: Invocation,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new records until interrupted.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=1_000_000, metavar="N", help="How many first.")
    ] = 10,
    level: Annotated[Level | None, typer.Option("--level", "-l", help="Only this level and worse.")] = None,
    grep: Annotated[str, typer.Option("--grep", "-g", metavar="REGEX", help="Only records whose JSON matches.")] = "",
) -> None:
    """Print the newest log records.

    They are shown for reading on a terminal, and are NDJSON in a pipe.
    """
    request = pb.TailLogsRequest(lines=lines, follow=follow, min_level=level or "", grep=grep)
    call = run.daemon.stream("TailLogs", request, timeout_seconds=None if follow else run.daemon.timeout_seconds)
    try:
        with refusals(run.daemon.timeout_seconds):
            for record in call:
                _print(run, convert.record(record))
    finally:
        call.cancel()


def _print(run: Invocation, record: Record) -> None:
    if record["dropped"]:
        run.output.note(f"{record['dropped']} records were lost here: they came faster than they were read.")
    if record["event"]:
        run.output.each(record, _RECORD, key="")
