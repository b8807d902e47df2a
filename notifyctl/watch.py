"""`stats --watch` on a terminal: one screen that lives."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from rich.columns import Columns
from rich.console import Group
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from notifyctl.moments import spoken
from notifyctl.sizes import binary, decimal
from notifyctl.tables import console
from notifyctl.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from notifyctl.output import Record

_BARS: Final = " ▁▂▃▄▅▆▇█"
_SPARK_WIDTH: Final = 30
#: What the rates need beside their bars; on a narrow terminal the oldest bars go, never a figure.
_FIGURES_WIDTH: Final = 46
_TOP_CHANNELS: Final = 8
#: Counters that are shown as rates, with the name of the row and whether more of it is bad; a bad one, and one that not
#: every daemon has, is shown where there was any.
_RATES: Final = (
    ("accepted", "Accepted", False),
    ("dispatched", "Dispatched", False),
    ("deliveries", "Deliveries", False),
    ("deliveredBytes", "Delivered", False),
    ("httpRequests", "HTTP requests", False),
    ("connectionsOpened", "Connections opened", False),
    ("acked", "Acked", False),
    ("webhooksDelivered", "Webhooks", False),
    ("pushesAccepted", "Pushes", False),
    ("rejected", "Rejected", True),
    ("rateLimited", "Rate limited", True),
    ("expired", "Expired", True),
    ("redelivered", "Redelivered", True),
    ("dead", "Dead", True),
    ("deadLettersEvicted", "Dead letters evicted", True),
    ("webhooksFailed", "Webhooks failed", True),
    ("webhooksDropped", "Webhooks dropped", True),
    ("pushesFailed", "Pushes failed", True),
    ("inboxEvicted", "Evicted from inboxes", True),
    ("slowConsumers", "Slow consumers", True),
    ("authenticationFailures", "Wrong credentials", True),
    ("errors", "Errors", True),
)
#: Good ones that only some daemons have.
_WHERE_ANY: Final = ("acked", "webhooksDelivered", "pushesAccepted")


class Figures:
    """The last snapshot, and the rates since the ones before."""

    def __init__(self) -> None:
        self.last: Record = {}
        self.rates: dict[str, deque[float]] = {name: deque(maxlen=_SPARK_WIDTH) for name, _, _ in _RATES}
        self.cpu = 0.0

    def take(self, snapshot: Record) -> None:
        """Count *snapshot* in; a daemon that was started anew meanwhile begins from nothing.

        The sums over fewer or more nodes than before are no measure of what happened in between.
        """
        elapsed = snapshot["uptimeSeconds"] - self.last.get("uptimeSeconds", 0.0)
        if self.last and elapsed > 0 and snapshot["nodes"] == self.last["nodes"]:
            for name, rates in self.rates.items():
                rates.append(max(0.0, snapshot[name] - self.last[name]) / elapsed)
            self.cpu = max(0.0, snapshot["cpuSeconds"] - self.last["cpuSeconds"]) / elapsed
        self.last = snapshot


def spark(values: Iterable[float]) -> str:
    """*values* as a row of bars, the highest of them full."""
    kept = list(values)
    top = max(kept, default=0.0)
    if top <= 0:
        return _BARS[1] * len(kept)
    return "".join(_BARS[max(1, round(value / top * (len(_BARS) - 1)))] for value in kept)


def screen(figures: Figures, width: int) -> RenderableType:
    """The whole screen, for a terminal of *width* columns."""
    last = figures.last
    queue = last["queue"] or {}
    head = Text.assemble(
        ("notifyd", "bold"),
        f"  up {spoken(last['uptimeSeconds'])}",
        f"   CPU {figures.cpu:.0%}",
        f"   memory {binary(last['residentBytes'])}",
        f"   files {last['openFiles']}",
        f"   nodes {last['nodes']}" if last["nodes"] > 1 else "",
        (f"   {last['missingNodes']} WITHOUT ANSWER", "bold red") if last["missingNodes"] else "",
        ("   QUEUE PAUSED", "bold red") if queue.get("paused") else "",
    )
    sides = Columns([_connections(last), _queue(queue), _kept(last), _guaranteed(last)], padding=(0, 4))
    rates = _rates(figures, min(_SPARK_WIDTH, width - _FIGURES_WIDTH))
    return Group(head, Rule(style="dim"), rates, Rule(style="dim"), sides, Rule(style="dim"), _top(last))


def _rates(figures: Figures, bars: int) -> Table:
    table = _table("Per second", "Now", "", "Since start")
    for name, label, bad in _RATES:
        total = figures.last[name]
        if not total and (bad or name in _WHERE_ANY):
            continue
        say = binary if name == "deliveredBytes" else decimal
        rates = figures.rates[name]
        style = "red" if bad else ""
        now = say(rates[-1]) if rates else "-"
        table.add_row(
            Text(label, style),
            Text(now, style),
            Text(spark(rates)[-bars:].rjust(bars) if bars > 0 else "", style or "cyan"),
            Text(say(total), "dim"),
        )
    return table


def _connections(last: Record) -> Table:
    table = _table("Connections", decimal(last["connections"]))
    for transport, count in last["connectionsByTransport"].items():
        table.add_row(Text(safe(transport)), decimal(count))
    table.add_row("subscriptions", decimal(last["subscriptions"]))
    table.add_row("subscribed channels", decimal(last["channels"]))
    table.add_row("outboxes", binary(last["outboxBytes"]))
    return table


def _queue(queue: Record) -> Table:
    table = _table("Queue", decimal(queue.get("waiting", 0)))
    for label in ("ready", "scheduled", "leased"):
        table.add_row(label, decimal(queue.get(label, 0)))
    counts = {int(priority): count for priority, count in queue.get("byPriority", {}).items() if count}
    for priority in sorted(counts, reverse=True):
        table.add_row(f"priority {priority}", decimal(counts[priority]))
    return table


def _kept(last: Record) -> Table:
    table = _table("History", decimal(last["historyPublications"]))
    table.add_row("channels", decimal(last["historyChannels"]))
    table.add_row("size", binary(last["historyBytes"]))
    if last["inboxUsers"]:
        table.add_row("inboxes of users", decimal(last["inboxUsers"]))
        table.add_row("kept in inboxes", decimal(last["inboxNotifications"]))
        table.add_row("their size", binary(last["inboxBytes"]))
    return table


def _guaranteed(last: Record) -> Table:
    table = _table("Dead letters", decimal(last["deadLetters"]))
    if last["deadLetters"]:
        table.add_row("size", binary(last["deadLetterBytes"]))
    table.add_row("unacked", decimal(last["unacked"]))
    table.add_row("durable subscriptions", decimal(last["durableSubscriptions"]))
    return table


def _top(last: Record) -> Table:
    table = _table("Busiest channels", "Subscribers")
    for channel in last["topChannels"][:_TOP_CHANNELS]:
        name = channel["channel"] if channel["clientId"] == "default" else f"{channel['clientId']}/{channel['channel']}"
        table.add_row(Text(safe(name), "cyan", overflow="ellipsis", no_wrap=True), decimal(channel["subscriberCount"]))
    return table


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, header in enumerate(headers):
        table.add_column(header, justify="right" if place and header else "left", no_wrap=True)
    return table


def show(snapshots: Iterable[Record]) -> None:
    """Show *snapshots* on the terminal as they come; the terminal is left as it was found."""
    figures = Figures()
    with Live(console=console(), screen=True, auto_refresh=False, transient=True) as live:
        for snapshot in snapshots:
            figures.take(snapshot)
            live.update(screen(figures, live.console.width), refresh=True)
