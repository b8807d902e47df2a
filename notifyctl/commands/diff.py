"""notifyctl diff."""

import typer

from notifyctl.command import Invocation, command
from notifyctl.commands.apply import show
from notifyctl.declared.options import Files, PlainSecrets, Prune
from notifyctl.declared.planning import plan
from notifyctl.exits import Refusal, Status

app = typer.Typer(add_completion=False)


@command(
    app,
    "diff",
    example="notifyctl diff -f notifyd-state.toml\n"
    "notifyctl diff -f notifyd-state.toml --prune -q || echo 'the daemon has drifted'",
)
def diff(run: Invocation, *, file: Files, prune: Prune = False, plain_secrets: PlainSecrets = False) -> None:
    """Print what `notifyctl apply` would change.

    The exit status is 0 where nothing differs and 1 where something does; whatever goes wrong has another one.
    """
    try:
        found = plan(run, file, prune=prune, plain_secrets=plain_secrets)
    except Refusal as refusal:
        if refusal.status is not Status.FAILED:
            raise
        # 1 says that something differs
        raise Refusal(refusal.message, Status.USAGE, code=refusal.code) from refusal
    except OSError as exc:
        raise Refusal(f"{exc.strerror or exc}.", Status.USAGE) from exc
    for note in found.difference.notes:
        run.output.note(f"Warning: {note}")
    show(run, found.difference)
    if found.difference.changes:
        raise typer.Exit(Status.FAILED)
