"""notifyctl completion."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from notifyctl.command import Invocation, command, noun
from notifyctl.completing import shells
from notifyctl.exits import usage

app = noun("Complete commands, options and live ids with the Tab key.")

Shell = Literal["bash", "zsh", "fish"]
_Shell = Annotated[
    Shell | None, typer.Argument(metavar="[SHELL]", help="bash, zsh or fish; the one of $SHELL otherwise.")
]


@command(app, "show", example="source <(notifyctl completion show bash)")
def show(run: Invocation, shell: _Shell = None) -> None:
    """Print the completion script of a shell."""
    for line in shells.SCRIPTS[_chosen(shell)].splitlines():
        run.output.text(line)


@command(app, "install", example="notifyctl completion install zsh", impact="Writes one file of yours.")
def install(run: Invocation, shell: _Shell = None) -> None:
    """Write the completion script to where the shell looks for it."""
    name = _chosen(shell)
    script = shells.place(name)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(shells.SCRIPTS[name])
    run.output.text(str(script))
    run.output.note(shells.advice(name, script))


def _chosen(shell: Shell | None) -> Shell:
    named = shell or Path(os.environ.get("SHELL", "")).name
    for known in ("bash", "zsh", "fish"):
        if named == known:
            return known
    raise usage("Say which shell: bash, zsh or fish.")
