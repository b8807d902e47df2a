"""The summary of a run for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from notifyctl.benching.showing.words import brief, count, per_second, share
from notifyctl.showing.tables import console
from notifyctl.showing.text import safe
from notifyctl.values.sizes import binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifyctl.showing.output import Record

_LENGTHS: Final = ("p50", "p90", "p99", "p999", "max")
_HEADERS: Final = ("p50", "p90", "p99", "p99.9", "max")
#: Above this the client spent so much that the daemon may have waited for it.
BUSY_SHARE: Final = 0.85
#: What other processes may use of the machine before it is said.
OTHERS_SHARE: Final = 0.15
_NOUNS: Final = {"connect": "Connections", "storm": "Reconnects"}
#: What an error comes from, where its name does not say.
HINTS: Final = {
    "rate_limited": "limits.requests_per_minute",
    "queue_full": "dispatching lags: delivery.max_queue_size",
    "too_many_connections": "keys.max_connections_per_key",
    "closed_4006": "keys.max_connections_per_key",
    "closed_4008": "a slow consumer: websocket.outbox_bytes",
    "closed_4009": "no pong came in time: was this client too busy?",
    "http_503": "the daemon is full or draining: server.max_connections",
    "too_large": "a larger --size than the daemon takes",
}
_WAYS: Final = {"http": "over REST", "websocket": "over WebSocket", "admin": "over the admin socket"}
#: What a latency is of.
_FROM: Final = {
    "connect": "until it was ready",
    "publish": "until it was accepted",
    "fanout": "until it arrived",
    "latency": "until it arrived",
    "storm": "until it was back",
}


def show(record: Record) -> None:
    """Print the summary."""
    paper = console()
    paper.print(_title(record))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(record):
        table.add_row(name, value)
    if record["latency"]:
        paper.print(_latencies(record))
    paper.print(table)
    if record["slo"]:
        paper.print(_objectives(record))


def _title(record: Record) -> Text:
    seconds = record["elapsedSeconds"]
    ending = " (interrupted)" if record["interrupted"] else ""
    way = "" if record["benchmark"] == "connect" else f"  {_WAYS[record['settings']['via']]}"
    words = f"  {safe(record['target'])}{way}  {seconds:.1f} s"
    return Text.assemble((record["benchmark"], "bold cyan"), words, (ending, "yellow"))


def _latencies(record: Record) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Latency", no_wrap=True)
    for header in _HEADERS:
        table.add_column(header, justify="right", no_wrap=True)
    rows = ((_FROM[record["benchmark"]], record["latency"]), ("until it was accepted", record["acceptLatency"]))
    for name, lengths in rows:
        if lengths:
            table.add_row(name, *(brief(lengths[f"{each}Seconds"]) for each in _LENGTHS))
    return table


def _rows(record: Record) -> Iterator[tuple[str, Text]]:
    if record["deliveries"]:
        yield "Deliveries", _deliveries(record["deliveries"], rated=record["benchmark"] != "storm")
    yield _NOUNS.get(record["benchmark"], "Published"), _operations(record["operations"])
    for kind, number in record["operations"]["errors"].items():
        yield "", Text.assemble((f"{count(number)} {safe(kind)}", "red"), (_hint(kind), "dim"))
    if "rounds" in record:
        yield "All back", Text("  ".join(f"{each['elapsedSeconds']:.2f} s" for each in record["rounds"]))
        if record["unrecovered"]:
            yield "Unrecovered", Text(f"{count(record['unrecovered'])} found that the history did not reach", "red")
    yield "Bytes", _bytes(record["bytes"])
    if record["daemon"]:
        yield "Daemon", _daemon(record)
        yield "Its memory", _memory(record["daemon"], for_each=record["benchmark"] == "connect")
    if record["client"]:
        yield "This client", _client(record["client"])
        yield "This machine", _machine(record["machine"])


def _bytes(moved: Record) -> Text:
    published = f", {binary(moved['sent'])} published" if moved["sent"] else ""
    return Text(f"{binary(moved['received'])} received{published}")


def _deliveries(landed: Record, *, rated: bool) -> Text:
    text = Text(count(landed["received"]))
    if rated and landed["perSecond"] is not None:
        text.append(f", {per_second(landed['perSecond'])}", "bold")
    text.append(f", {count(landed['missing'])} missing", "red" if landed["missing"] else "")
    if landed["extra"]:
        text.append(f", {count(landed['extra'])} beyond what was accepted", "yellow")
    return text


def _operations(tried: Record) -> Text:
    text = Text(count(tried["succeeded"]))
    if tried["perSecond"] is not None:
        text.append(f", {per_second(tried['perSecond'])}", "bold")
    share_failed = tried["failed"] / tried["attempted"] if tried["attempted"] else 0.0
    said = f", {count(tried['failed'])} errors" + (f" ({share(share_failed)})" if tried["failed"] else "")
    return text.append(said, "red" if tried["failed"] else "")


def _daemon(record: Record) -> Text:
    spent: dict[str, Any] = record["daemon"]
    noun = "deliveries" if record["deliveries"] and record["benchmark"] != "storm" else _done(record["benchmark"])
    parts = [f"{share(spent['cpuShare'] or 0.0)} of a processor"]
    if spent["donePerCpuSecond"] is not None:
        parts.append(f"{count(spent['donePerCpuSecond'])} {noun} per CPU-second")
    if spent["queued"]:
        parts.append(f"{count(spent['queued'])} still queued")
    if spent["slowConsumers"]:
        parts.append(f"{count(spent['slowConsumers'])} slow consumers")
    return Text(", ".join(parts))


def _hint(kind: str) -> str:
    advice = HINTS.get(kind.removeprefix("publish_"))
    return f"  {advice}" if advice else ""


def _memory(spent: Record, *, for_each: bool) -> Text:
    grown: int = spent["residentGrowthBytes"]
    text = Text(f"{'-' if grown < 0 else '+'}{binary(abs(grown))}, to {binary(spent['residentBytes'])}")
    if for_each and spent["growthBytesPerConnection"]:
        text.append(f", {binary(spent['growthBytesPerConnection'])} a connection")
    return text


def _done(benchmark: str) -> str:
    return {"connect": "connections", "storm": "reconnects"}.get(benchmark, "notifications")


def _client(spent: Record) -> Text:
    portion = spent["cpuShare"] or 0.0
    text = Text(f"{share(portion)} of a processor")
    if portion >= BUSY_SHARE:
        text.append(": at its own limit, the daemon may do more", "yellow")
    return text


def _machine(spent: Record) -> Text:
    busy, all_of_it, others = spent["cpuShare"] or 0.0, spent["processors"], spent["othersCpuShare"] or 0.0
    text = Text(f"{busy:.1f} of {all_of_it} processors busy")
    if others > OTHERS_SHARE * all_of_it:
        text.append(f", {others:.1f} of them with other things", "yellow")
    return text


def _objectives(record: Record) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for verdict in record["slo"]:
        mark = Text("met", "green") if verdict["met"] else Text("BREACHED", "bold red")
        table.add_row(Text("SLO", "bold"), Text(safe(verdict["clause"])), mark, _actual(verdict))
    return table


def _actual(verdict: Record) -> Text:
    actual, kind = verdict["actual"], verdict["kind"]
    if actual is None:
        return Text("not measured")
    return Text(brief(actual) if kind == "TIME" else share(actual) if kind == "SHARE" else f"{actual:,.10g}")
