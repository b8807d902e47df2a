"""notifyctl doctor."""

import typer

from notifyctl.command import Invocation, command
from notifyctl.exits import Refusal, Status
from notifyctl.showing import convert
from notifyctl.showing.output import Column, Record
from notifyd.v1 import admin_pb2 as pb

app = typer.Typer(add_completion=False)

_OK = "ok"
_FAILED = "failed"
_VERDICT = Column("Verdict", "verdict", style={_OK: "green", "warning": "yellow", _FAILED: "bold red"})
_COLUMNS = (Column("Check", "name"), _VERDICT, Column("Found", "found"), Column("What to do", "advice"))
#: The daemon is not there, or has not come so far.
_AWAY = (Status.UNREACHABLE, Status.TIMED_OUT)


@command(app, "doctor", example="notifyctl doctor\nnotifyctl doctor -o json | jq '.[] | select(.verdict != \"ok\")'")
def doctor(run: Invocation) -> None:
    """Examine the daemon, its machine and its engines, and say what to do.

    Where no daemon answers, what can be seen without it is examined: the configuration, who has its ports, the state
    folder, the disk, secrets and certificate, and whether the engines are reached. Warnings are things that work now
    and may not when it matters; the exit status is 1 when something failed. With -q only the names of what is not ok
    are printed.
    """
    findings = _ask(run)
    if run.output.quiet:
        run.output.many([finding for finding in findings if finding["verdict"] != _OK], _COLUMNS, key="name")
    elif run.output.form == "table":
        from notifyctl.showing.tables import print_prose

        print_prose(findings, _COLUMNS[:2], ("found", "advice"))
    else:
        run.output.many(findings, _COLUMNS, key="name")
    if any(finding["verdict"] == _FAILED for finding in findings):
        raise typer.Exit(Status.FAILED)


def _ask(run: Invocation) -> list[Record]:
    """What the daemon finds, or what is found without it."""
    try:
        answer = run.daemon.call("Diagnose", pb.DiagnoseRequest())
    except Refusal as refusal:
        # what can be seen without the daemon is of this machine
        if refusal.status not in _AWAY or run.daemon.remote is not None:
            raise
        from notifyctl.doctor.checks import local_findings

        return local_findings(refusal)
    return [convert.record(finding) for finding in answer.findings]
