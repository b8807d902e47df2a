"""notifyctl queue."""

from typing import Annotated, Any

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.options import OfClient
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.showing.receipts import STATES
from notifyctl.values.moments import relative
from notifyctl.values.sizes import binary
from notifyd.v1 import admin_pb2 as pb

app = noun("Look at the queue, hold it, empty it.")


def _priorities(by_priority: dict[str, Any]) -> str:
    return "  ".join(f"{priority}: {count}" for priority, count in by_priority.items() if count) or "-"


_FIGURES = (
    Column("Waiting", "waiting"),
    Column("Ready", "ready"),
    Column("Scheduled", "scheduled"),
    Column("Leased", "leased"),
    Column("Size", "waitingBytes", human=binary),
    Column("At most", "maxSize"),
    Column("At most (size)", "maxBytes", human=binary),
    Column("Paused", "paused", style={"True": "red"}),
    Column("By priority", "byPriority", human=_priorities),
    Column("Oldest", "oldestAcceptedAt", human=relative),
)
_LISTED = (
    Column("ID", "id", style="cyan"),
    Column("State", "state", style=STATES),
    Column("Client", "clientId", spare=True),
    Column("Kind", "kind", spare=True),
    Column("Channel", "channel"),
    Column("Priority", "priority"),
    Column("Due", "dueAt", human=relative),
    Column("Expires", "expiresAt", human=relative, spare=True),
    Column("Attempts", "attempts", spare=True),
)
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, metavar="N", help="At most so many.")]


@command(app, "stats", example="notifyctl queue stats -o json | jq .waiting")
def stats(run: Invocation) -> None:
    """Show how full the queue is, by state and priority."""
    _figures(run, run.daemon.call("GetQueue", pb.GetQueueRequest()))


@command(app, "list", example="notifyctl queue list --limit 20")
def list_(run: Invocation, *, client: OfClient = None, limit: Limit = 50) -> None:
    """List what waits in the queue, what goes next first."""
    answer = run.daemon.call("ListQueue", pb.ListQueueRequest(client_id=client or "", limit=limit))
    run.output.many([convert.record(receipt) for receipt in answer.notifications], _LISTED)


@command(app, "pause", example="notifyctl queue pause", changes=True)
def pause(run: Invocation) -> None:
    """Hold the queue.

    Notifications are accepted and kept, and none is dispatched until it is resumed.
    """
    _figures(run, run.daemon.call("PauseQueue", pb.PauseQueueRequest()))


@command(app, "resume", example="notifyctl queue resume", changes=True)
def resume(run: Invocation) -> None:
    """Dispatch again after a pause."""
    _figures(run, run.daemon.call("ResumeQueue", pb.ResumeQueueRequest()))


@command(app, "clear", example="notifyctl queue clear --yes", changes=True, asks=True)
def clear(run: Invocation, *, client: OfClient = None) -> None:
    """Remove everything that waits in the queue.

    Nobody will receive it; receipts say `cleared`.
    """
    run.confirm(f"Clearing the queue of client {client}" if client else "Clearing the queue of all clients")
    answer = run.daemon.call("ClearQueue", pb.ClearQueueRequest(client_id=client or ""))
    run.output.one(convert.record(answer), [Column("Cleared", "cleared")])


def _figures(run: Invocation, answer: pb.QueueStats) -> None:
    run.output.one(convert.record(answer), _FIGURES)
