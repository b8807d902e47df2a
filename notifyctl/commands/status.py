"""notifyctl status."""

from typing import Any

import typer

from notifyctl.command import Invocation, command
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.values.moments import spoken
from notifyd.v1 import admin_pb2 as pb

app = typer.Typer(add_completion=False)

#: The style of each state of a daemon.
STATES = {"ready": "green", "starting": "yellow", "degraded": "red", "draining": "yellow"}


def _engines(engines: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{engine['name']} {engine['engine']}" + ("" if engine["healthy"] else f" (unhealthy: {engine['detail']})")
        for engine in engines
    )


def _listeners(listeners: list[dict[str, Any]]) -> str:
    return ", ".join(f"{listener['name']} {listener['url']}" for listener in listeners)


COLUMNS = (
    Column("State", "state", style=STATES),
    Column("Version", "version"),
    Column("Process", "pid"),
    Column("Up for", "uptimeSeconds", human=spoken),
    Column("Started", "startedAt"),
    Column("Listens", "listeners", human=_listeners),
    Column("Engines", "engines", human=_engines),
    Column("Durability", "durability"),
    Column("State folder", "stateDir"),
    Column("Configuration", "configFile"),
    Column("Development", "development"),
    Column("Connections", "connections"),
    Column("Queued", "queued"),
)


@command(app, "status", example="notifyctl status -o json")
def status(run: Invocation) -> None:
    """Show what the daemon is, where it listens and how it does."""
    answer = run.daemon.call("GetStatus", pb.GetStatusRequest())
    run.output.one(convert.record(answer), COLUMNS)
