"""From the command line to a run, and from its record to what is printed and how the command ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyctl.benching.measuring import report, slo
from notifyctl.benching.planning import bounds
from notifyctl.benching.planning.aim import Aim, Wish, aim, target
from notifyctl.benching.running import Run
from notifyctl.benching.showing.board import Board
from notifyctl.exits import Refusal, Status, status_of, usage
from notifyctl.showing.output import Column

if TYPE_CHECKING:
    from notifyctl.benching.measuring.slo import Clause
    from notifyctl.benching.planning.options import Aiming, Judging
    from notifyctl.benching.planning.plan import Job
    from notifyctl.command import Invocation
    from notifyctl.showing.output import Record


class _Figure(Column):
    """A figure in full: what is measured here is finer than what others call seconds."""

    def plain(self, record: Record) -> str:
        value = self.value(record)
        return f"{value:.6f}" if isinstance(value, float) and self.field.endswith("Seconds") else super().plain(record)


#: What plain output tells, a line each.
_COLUMNS: Final = tuple(
    _Figure(path, path)
    for path in (
        "benchmark",
        "target",
        "elapsedSeconds",
        "interrupted",
        "rate",
        "operations.attempted",
        "operations.succeeded",
        "operations.failed",
        "operations.requests",
        "operations.perSecond",
        "operations.errors",
        "deliveries.expected",
        "deliveries.received",
        "deliveries.missing",
        "deliveries.extra",
        "deliveries.perSecond",
        *(f"{which}.{name}" for which in ("latency", "acceptLatency") for name in report.LATENCY_FIELDS),
        "bytes.sent",
        "bytes.received",
        "client.cpuSeconds",
        "client.cpuShare",
        "machine.processors",
        "machine.cpuShare",
        "machine.othersCpuShare",
        "daemon.cpuSeconds",
        "daemon.cpuShare",
        "daemon.donePerCpuSecond",
        "daemon.residentBytes",
        "daemon.residentGrowthBytes",
    )
)


def perform(run: Invocation, aiming: Aiming, judging: Judging, job: Job) -> None:
    """Do *job* and print what it found.

    Raises:
        Refusal: it cannot be done, nothing of it worked, an objective was breached, or it was interrupted.
    """
    clauses = _objectives(judging.slo, job.name)
    bounds.check_descriptors(job.descriptors)
    wish = Wish(aiming.url, aiming.key_file, aiming.channel)
    at = aim(wish, run.daemon)
    if at.ws.loopback:
        bounds.check_ports(job.descriptors)
    else:
        run.confirm(f"Putting load on {at.ws.url}")
    _execute(run, wish, at, job, clauses, Board(wanted=judging.progress))


def _objectives(text: str | None, name: str) -> list[Clause]:
    if text is None:
        return []
    try:
        return slo.parse(text, report.METRICS[name])
    except slo.Unclear as exc:
        raise usage(f"--slo: {exc}.") from exc


def _execute(run: Invocation, wish: Wish, at: Aim, job: Job, clauses: list[Clause], board: Board) -> None:
    with target(wish, at, run.daemon, job, run.output.note) as chosen:
        if job.volume is not None and chosen.via != job.via and chosen.via == "admin":
            run.output.note(
                "Publishing over the admin socket: the daemon limits the requests of a key "
                "(limits.requests_per_minute), and REST would measure the limit."
            )
        done = Run(job, chosen, run.daemon, figures=at.known)
        record = done.perform(board)
    judged = slo.judge(clauses, lambda name: report.objective(record, done.histograms, name))
    record["slo"] = report.verdicts(judged)
    _print(run, record)
    _conclude(record, interrupted=done.interrupted)


def _print(run: Invocation, record: Record) -> None:
    if run.output.form == "table" and not run.output.quiet:
        from notifyctl.benching.showing.screen import show

        show(record)
        return
    run.output.one(record, [column for column in _COLUMNS if column.value(record) is not None])


def _conclude(record: Record, *, interrupted: bool) -> None:
    if interrupted:
        raise Refusal("It was interrupted; the summary is of what had been done.", Status.INTERRUPTED)
    tried = record["operations"]
    if tried["failed"] and not tried["succeeded"]:
        code = next(iter(tried["errors"]))
        raise Refusal(f"Nothing worked: {code}.", status_of(code), code=code)
    breached = [verdict["clause"] for verdict in record["slo"] if not verdict["met"]]
    if breached:
        raise Refusal(f"Breached: {', '.join(breached)}.", Status.FAILED, code="slo_breached")
