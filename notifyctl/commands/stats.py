"""notifyctl stats."""

from typing import Annotated, Any, Final

import typer

from notifyctl.command import Invocation, command
from notifyctl.daemons.calling import refusals
from notifyctl.params import duration_option
from notifyctl.showing import convert
from notifyctl.showing.output import Column
from notifyctl.showing.pipes import paintable
from notifyctl.values.moments import spoken
from notifyctl.values.sizes import binary
from notifyd.v1 import admin_pb2 as pb

app = typer.Typer(add_completion=False)

_LEAST_SECONDS: Final = 0.1


def _counts(counts: dict[str, Any]) -> str:
    return "  ".join(f"{name}: {count}" for name, count in counts.items()) or "-"


_COLUMNS = (
    Column("At", "at"),
    Column("Up for", "uptimeSeconds", human=spoken),
    Column("Accepted", "accepted"),
    Column("Rejected", "rejected"),
    Column("Dispatched", "dispatched"),
    Column("Expired", "expired"),
    Column("Cancelled", "cancelled"),
    Column("Dead", "dead"),
    Column("Deliveries", "deliveries"),
    Column("Delivered", "deliveredBytes", human=binary),
    Column("Acked", "acked"),
    Column("Redelivered", "redelivered"),
    Column("Unacked", "unacked"),
    Column("Durable subscriptions", "durableSubscriptions"),
    Column("Dead letters", "deadLetters", style="bold"),
    Column("Dead letters size", "deadLetterBytes", human=binary),
    Column("Dead letters retried", "requeued"),
    Column("Dead letters dropped", "dropped"),
    Column("Dead letters evicted", "deadLettersEvicted"),
    Column("Webhooks delivered", "webhooksDelivered"),
    Column("Webhooks failed", "webhooksFailed"),
    Column("Webhooks dropped", "webhooksDropped"),
    Column("Connections", "connections"),
    Column("By transport", "connectionsByTransport", human=_counts),
    Column("Opened", "connectionsOpened"),
    Column("Closed", "connectionsClosed"),
    Column("Slow consumers", "slowConsumers"),
    Column("Authentication failures", "authenticationFailures"),
    Column("Rate limited", "rateLimited"),
    Column("HTTP requests", "httpRequests"),
    Column("Errors", "errors", style="red"),
    Column("Subscribed channels", "channels"),
    Column("Subscriptions", "subscriptions"),
    Column("Queued", "queue.waiting"),
    Column("Queue paused", "queue.paused", style={"True": "red"}),
    Column("Channels with a history", "historyChannels"),
    Column("History", "historyPublications"),
    Column("History size", "historyBytes", human=binary),
    Column("Users with an inbox", "inboxUsers"),
    Column("Inboxes", "inboxNotifications"),
    Column("Inboxes size", "inboxBytes", human=binary),
    Column("Evicted from inboxes", "inboxEvicted"),
    Column("Pushes", "pushesAccepted"),
    Column("Pushes failed", "pushesFailed"),
    Column("Receipts", "receipts"),
    Column("Events of timelines", "timelineEvents"),
    Column("Log records kept", "logEntries"),
    Column("Outboxes", "outboxBytes", human=binary),
    Column("Memory", "residentBytes", human=binary),
    Column("CPU time", "cpuSeconds", human=spoken),
    Column("Open files", "openFiles"),
    Column("Nodes", "nodes"),
    Column("Nodes that did not answer", "missingNodes", style="red"),
)


@command(app, "stats", example="notifyctl stats -o json | jq .connections\nnotifyctl stats --watch --interval 2s")
def stats(
    run: Invocation,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on: a live view on a terminal, NDJSON in a pipe.")
    ] = False,
    interval: Annotated[
        float, duration_option("--interval", help="Between two figures, at least 100ms.", show_default="1s")
    ] = 1.0,
) -> None:
    """Show counters and gauges, summed over the nodes of the service.

    Counters rise from a daemon's start, gauges are of this moment. Nodes that do not answer in time are left out, and
    counted. On a terminal --watch shows rates, the queue, connections, slow consumers, nodes and the log's warnings on
    one screen, and goes on when the daemon is away: q ends it, p has it stand still, s sorts channels by rate or by
    subscribers, + and - change the interval. NO_COLOR takes its colours away.
    """
    if not watch:
        answer = run.daemon.call("GetStats", pb.GetStatsRequest())
        run.output.one(convert.record(answer), _COLUMNS)
        if answer.missing_nodes:
            run.output.note(f"{answer.missing_nodes} node(s) did not answer in time: their figures are missing.")
        return
    interval = max(_LEAST_SECONDS, interval)
    if run.output.stream_form == "table" and not run.output.quiet and paintable():
        from notifyctl.screen.watch import show

        show(run.daemon, interval)
    else:
        _follow(run, interval)


def _follow(run: Invocation, interval: float) -> None:
    call = run.daemon.stream("WatchStats", pb.WatchStatsRequest(interval_ms=round(interval * 1000)))
    try:
        with refusals():
            for snapshot in call:
                run.output.each(convert.record(snapshot), _COLUMNS, key="")
    finally:
        call.cancel()
