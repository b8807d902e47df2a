"""notifyctl apply."""

from typing import Annotated

import typer

from notifyctl.command import Invocation, command
from notifyctl.declared.difference import Difference
from notifyctl.declared.doing import Done
from notifyctl.declared.items import ONE
from notifyctl.declared.options import Files, PlainSecrets, Prune
from notifyctl.declared.planning import Plan, plan
from notifyctl.declared.secrets import Safe
from notifyctl.declared.telling import COLUMNS, OUTCOMES, SECRETS, counted, done_record, failure, record
from notifyctl.exits import Status, usage
from notifyctl.showing.output import Record

app = typer.Typer(add_completion=False)

_SecretsOut = Annotated[
    str | None,
    typer.Option(
        "--secrets-out",
        metavar="FILE",
        help="A new file, which only you can read, for the keys and secrets that are made.",
    ),
]
_ShowSecrets = Annotated[
    bool, typer.Option("--show-secrets", help="Print the keys and secrets that are made, this one time.")
]
_DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print the difference alone; the exit status is 1 where there is one.")
]


@command(
    app,
    "apply",
    example="notifyctl apply -f notifyd-state.toml --dry-run\n"
    "notifyctl apply -f notifyd-state.toml --secrets-out new-keys.jsonl --yes\n"
    "notifyctl export --context staging | notifyctl apply -f - --context shop --prune --secrets-out keys.jsonl",
    changes=True,
    asks=True,
)
def apply(
    run: Invocation,
    *,
    file: Files,
    prune: Prune = False,
    dry_run: _DryRun = False,
    secrets_out: _SecretsOut = None,
    show_secrets: _ShowSecrets = False,
    plain_secrets: PlainSecrets = False,
) -> None:
    """Have the daemon hold what files declare: clients, API keys, rules of channels, and webhooks.

    The difference is printed first: + is added, ~ is changed, - is removed. What is not declared stays as it is,
    unless --prune is given. Clients are known by their names and API keys by their names within their client, so that
    one file fits several daemons. `notifyctl export` prints such a file.

    Channels and webhooks go into the overlay beside the daemon's configuration file and are in force at once: all of
    them or, where one is wrong, nothing. The exit status is 8 when some changes were done and some failed. A second
    time there is nothing to change, and the exit status is 0.
    """
    found = plan(run, file, prune=prune, plain_secrets=plain_secrets)
    changes = found.difference.changes
    for note in found.difference.notes:
        run.output.note(f"Warning: {note}")
    if dry_run or not changes:
        show(run, found.difference)
        if changes:
            raise typer.Exit(Status.FAILED)
        return
    _check_secrets(found.difference, secrets_out, show_secrets=show_secrets)
    if run.output.form == "table" and not run.output.quiet:
        run.output.many([record(change) for change in changes], COLUMNS, key="name")
    run.confirm(f"Apply {len(changes)} change(s): {counted(changes)}")
    done = _done(run, found, secrets_out, show_secrets=show_secrets)
    _tell_end(run, done)


def show(run: Invocation, difference: Difference) -> None:
    """Print what differs, or say that nothing does."""
    if difference.changes or run.output.form != "table":
        run.output.many([record(change) for change in difference.changes], COLUMNS, key="name")
    if not difference.changes:
        run.output.note("Nothing to change.")


def _check_secrets(difference: Difference, secrets_out: str | None, *, show_secrets: bool) -> None:
    if secrets_out and show_secrets:
        raise usage("--secrets-out keeps secrets, --show-secrets prints them: give one of them.")
    if secrets_out or show_secrets:
        return
    names = [f"{ONE[change.kind]} {change.item.name}" for change in difference.changes if change.makes_secret]
    if names:
        raise usage(
            f"{', '.join(names)}: the daemon makes a secret for each and shows it once; say where with --secrets-out "
            "FILE, or print them with --show-secrets."
        )


def _done(run: Invocation, found: Plan, secrets_out: str | None, *, show_secrets: bool) -> list[Done]:
    made = any(change.makes_secret for change in found.difference.changes)
    safe = Safe(secrets_out) if secrets_out and made else None
    done: list[Done] = []
    try:
        for each in found.doer.run(found.difference):
            done.append(each)
            if safe is not None and each.secret:
                safe.keep(_kept(each))
            if run.output.form == "ndjson" and not run.output.quiet:
                run.output.each(done_record(each, show_secret=show_secrets), OUTCOMES, key="name", form="ndjson")
    finally:
        if safe is not None:
            safe.close()
    _tell(run, [done_record(each, show_secret=show_secrets) for each in done])
    if safe is not None and any(each.secret for each in done):
        run.output.note(f"The secrets are in {safe.path}, and are not shown again.")
    return done


def _kept(done: Done) -> dict[str, str]:
    item = done.change.item
    return {"kind": ONE[item.kind], "name": item.name, "client": item.client, "id": done.id, "secret": done.secret}


def _tell(run: Invocation, records: list[Record]) -> None:
    if run.output.quiet or run.output.form in ("json", "plain"):
        run.output.many(records, (*OUTCOMES, SECRETS[2]) if run.output.form == "plain" else OUTCOMES, key="name")
    elif run.output.form == "table":
        run.output.below([each for each in records if each["outcome"] != "done"], OUTCOMES)
        run.output.below([each for each in records if each.get("secret")], SECRETS)


def _tell_end(run: Invocation, done: list[Done]) -> None:
    problem = failure(done)
    if problem is not None:
        raise problem
    if run.output.form == "table":
        run.output.note(f"Done: {counted([each.change for each in done])}.")
