"""The tree of commands, each loaded when it is called, and how a command line is run."""

from __future__ import annotations

import importlib
import os
import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from notifyctl.completing.shells import VARIABLE
from notifyctl.exits import Refusal, Status
from notifyctl.params import NounGroup
from notifyctl.showing.output import Output
from notifyd import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = (
    "serve",
    "status",
    "wait",
    "keys",
    "clients",
    "tokens",
    "send",
    "listen",
    "notifications",
    "dead-letters",
    "subscriptions",
    "webhooks",
    "stats",
    "queue",
    "channels",
    "connections",
    "devices",
    "users",
    "records",
    "logs",
    "config",
    "context",
    "apply",
    "diff",
    "export",
    "cluster",
    "drain",
    "doctor",
    "bench",
    "cheat",
    "completion",
)
"""Every command, in the order of the help; `notifyctl.commands.NAME`, with `_` for `-`, holds its `app`."""

ENVIRONMENT_PREFIX: Final = "NOTIFYCTL"
_HELP_WIDTH: Final = 100
_HELP_NAMES: Final = ["-h", "--help"]


class LazyGroup(NounGroup):
    """A group whose commands are modules that are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, which need no import."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command *cmd_name*, or None."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = self._load(cmd_name)
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that *args* begin with; for a mistyped name typer suggests among those that are loaded."""
        if args[0] not in COMMANDS:
            for near in get_close_matches(args[0], COMMANDS):
                self.get_command(ctx, near)
        return super().resolve_command(ctx, args)

    def _load(self, name: str) -> Any:
        noun_app: typer.Typer = importlib.import_module(f"notifyctl.commands.{name.replace('-', '_')}").app
        noun_app.rich_markup_mode = self.rich_markup_mode
        loaded = typer.main.get_command(noun_app)
        loaded.name = name
        return loaded


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    # In boxes the help of `send` is longer than most terminals are high.
    rich_markup_mode=None,
    context_settings={
        "auto_envvar_prefix": ENVIRONMENT_PREFIX,
        "help_option_names": _HELP_NAMES,
        "max_content_width": _HELP_WIDTH,
    },
    epilog="`notifyctl cheat` shows ready commands for most jobs, and every command's --help has examples.\n\n"
    "Exit status: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 daemon unreachable, "
    "7 timed out, 8 partly done, 9 rate limited, 130 interrupted.",
)


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"{context.info_name} {__version__}\n")
        raise typer.Exit


def _contexts(incomplete: str) -> list[str]:
    """Names of contexts, for the Tab key."""
    from notifyctl.completing.offers import context_names

    return context_names(incomplete)


def _early(*names: str, metavar: str | None = None, sentence: str, **rest: Any) -> Any:
    """An option that every command has, said before the command; the command reads it (see PlainOption)."""
    return typer.Option(*names, metavar=metavar, help=sentence, allow_from_autoenv=False, show_envvar=False, **rest)


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            allow_from_autoenv=False,
            show_envvar=False,
            help="Print the version and exit.",
        ),
    ] = False,
    form: Annotated[
        str | None, _early("--output", "-o", metavar="FORMAT", sentence="As after the command, like the next four.")
    ] = None,
    quiet: Annotated[bool | None, _early("--quiet", "-q", sentence="Print ids alone.")] = None,
    socket: Annotated[str | None, _early("--socket", metavar="PATH", sentence="The daemon's admin socket.")] = None,
    context: Annotated[
        str | None,
        _early(
            "--context",
            metavar="NAME",
            sentence="The daemon that `context add` knows by that name.",
            autocompletion=_contexts,
        ),
    ] = None,
    timeout: Annotated[
        str | None, _early("--timeout", metavar="DURATION", sentence="How long to wait for the daemon.")
    ] = None,
) -> None:
    """Operate notifyd, the self-hosted real-time notification server: over its local socket, or from elsewhere."""


def tree() -> Any:
    """The whole tree of commands."""
    return typer.main.get_command(app)


def run(args: Sequence[str]) -> int:
    """Run one command line of notifyctl and return its exit status; usage errors are said on stderr."""
    if VARIABLE in os.environ:
        # Typer would have rich look for markup in what stands beside names, some of it foreign, and that takes longer
        # than to ask the daemon. Nothing that a shell is told needs rich.
        sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
        # Typer registers the shells that it knows as a side effect of asking for its own completion options.
        typer.completion.get_completion_inspect_parameters()
    return _guarded(tree(), args, "notifyctl", ENVIRONMENT_PREFIX)


def run_serve(args: Sequence[str]) -> int:
    """Run `notifyctl serve` under the name notifyd."""
    return _guarded(tree().get_command(None, "serve"), args, "notifyd", f"{ENVIRONMENT_PREFIX}_SERVE")


def _guarded(command: Any, args: Sequence[str], program: str, prefix: str) -> int:
    settings = {"auto_envvar_prefix": prefix, "help_option_names": _HELP_NAMES, "max_content_width": _HELP_WIDTH}
    try:
        status = command.main(list(args), prog_name=program, complete_var=VARIABLE, standalone_mode=False, **settings)
    except typer.TyperException as exc:
        _say_usage(exc, args)
        return exc.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return Status.INTERRUPTED
    return status if isinstance(status, int) else Status.OK


def _say_usage(problem: typer.TyperException, args: Sequence[str]) -> None:
    context = getattr(problem, "ctx", None)
    hint = f" Try `{context.command_path} --help`." if context is not None else ""
    sentence = problem.format_message().rstrip(".")
    sentence += "" if sentence.endswith("?") else "."
    Output("json" if _wants_json(args) else None).failed(Refusal(sentence + hint, Status.USAGE, code="usage"))


def _wants_json(args: Sequence[str]) -> bool:
    """Whether a command line that could not be parsed asks for JSON all the same."""
    said = " ".join(args)
    forms = re.findall(r"(?:^| )(?:-o ?|--output[= ])(\S+)", said) or [os.environ.get("NOTIFYCTL_OUTPUT", "")]
    return forms[-1] in ("json", "ndjson")
