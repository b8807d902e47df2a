"""notifyctl completion."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from typer.completion import get_completion_script, install

from notifyctl.command import Invocation, command, noun
from notifyctl.payload import usage

app = noun("Complete commands, options and live ids with the Tab key.")

Shell = Literal["bash", "zsh", "fish"]
_Shell = Annotated[
    Shell | None, typer.Argument(metavar="SHELL", help="bash, zsh or fish; the one of $SHELL otherwise.")
]
_VARIABLE: Final = "_NOTIFYCTL_COMPLETE"


@command(app, "show", example="source <(notifyctl completion show bash)")
def show(run: Invocation, shell: _Shell = None) -> None:
    """Print the completion script of a shell."""
    script = get_completion_script(prog_name="notifyctl", complete_var=_VARIABLE, shell=_chosen(shell))
    for line in script.splitlines():
        run.output.text(line)


@command(app, "install", example="notifyctl completion install zsh")
def install_(run: Invocation, shell: _Shell = None) -> None:
    """Write the completion script where the shell finds it, and have the shell's start-up file load it."""
    name, path = install(shell=_chosen(shell), prog_name="notifyctl", complete_var=_VARIABLE)
    run.output.note(f"Completion for {name} is in {path}; it takes effect in the next shell.")


def _chosen(shell: Shell | None) -> str:
    name = shell or Path(os.environ.get("SHELL", "")).name
    if name not in ("bash", "zsh", "fish"):
        raise usage("Say which shell: bash, zsh or fish.")
    return name
