"""What all commands share: the common options, the deadline, and how a refusal ends the process."""

from __future__ import annotations

import gc
import inspect
import sys
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

from notifyctl.completing import offers
from notifyctl.daemons.calling import Daemon
from notifyctl.daemons.choosing import chosen
from notifyctl.exits import Refusal, Status
from notifyctl.params import NounGroup, PlainCommand, duration_option
from notifyctl.showing.output import Format, Output
from notifyctl.showing.pipes import silence_stdout
from notifyctl.showing.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TIMEOUT_SECONDS = 10.0

_COMMON: dict[str, tuple[Any, Any]] = {
    "form": (
        Format | None,
        typer.Option(
            "--output",
            "-o",
            envvar="NOTIFYCTL_OUTPUT",
            help="Format of the data on stdout; by default a table on a terminal and plain in a pipe.",
            show_default=False,
        ),
    ),
    "quiet": (
        bool,
        typer.Option("--quiet", "-q", envvar="NOTIFYCTL_QUIET", help="Print ids alone, nothing where there are none."),
    ),
    "socket": (
        str | None,
        typer.Option("--socket", envvar="NOTIFYCTL_SOCKET", metavar="PATH", help="The daemon's admin socket."),
    ),
    "context": (
        str | None,
        typer.Option(
            "--context",
            envvar="NOTIFYCTL_CONTEXT",
            metavar="NAME",
            help="The daemon that `notifyctl context add` knows under this name.",
            autocompletion=offers.context_names,
        ),
    ),
    "timeout": (
        float,
        duration_option(
            "--timeout", envvar="NOTIFYCTL_TIMEOUT", help="How long to wait for the daemon.", show_default="10s"
        ),
    ),
}
_DEFAULTS: dict[str, Any] = {
    "form": None,
    "quiet": False,
    "socket": None,
    "context": None,
    "timeout": DEFAULT_TIMEOUT_SECONDS,
}
COMMON_OPTIONS = {name: option.envvar for name, (_, option) in _COMMON.items()}
"""The options that every command has, with their environment variables."""
#: Which daemon is meant; see `choosing`.
_PLACE: Final = ("socket", "context")
#: The parameter that typer hands its own context over in.
_CONTEXT: Final = "typer_context"
_YES = typer.Option("--yes", "-y", envvar="NOTIFYCTL_YES", help="Do not ask; needed where stdin is no terminal.")


def noun(sentence: str) -> typer.Typer:
    """An app for the commands of one noun, which *sentence* introduces."""
    group = typer.Typer(cls=NounGroup, add_completion=False, help=sentence)
    # With a callback it stays a group even while it has one command only.
    group.callback()(lambda: None)
    return group


@dataclass(frozen=True)
class Invocation:
    """One run of one command: where its words go and whom it asks."""

    output: Output
    daemon: Daemon
    #: The operator said --yes.
    agreed: bool = False

    def confirm(self, deed: str) -> None:
        """Go on only when the operator agrees to *deed*, such as "Clear the queue".

        Raises:
            Refusal: stdin is no terminal and --yes is missing (USAGE), or the answer was no (FAILED).
        """
        if self.must_ask(deed):
            _ask(deed)

    def must_ask(self, deed: str) -> bool:
        """Whether the operator is to be asked before *deed*, and not said --yes.

        Raises:
            Refusal: stdin is no terminal and --yes is missing (USAGE).
        """
        if not self.agreed and not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Refusal(f"{deed} needs --yes where nobody can be asked.", Status.USAGE, code="confirmation_needed")
        return not self.agreed


def _ask(deed: str) -> None:
    sys.stderr.write(f"{safe(deed)}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refusal("Nothing was done.", Status.FAILED, code="not_confirmed")


def command(
    app: typer.Typer, name: str, *, example: str, changes: bool = False, asks: bool = False, impact: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as the command *name* of *app*, with the common options beside its own.

    The function's first parameter is the Invocation. Its docstring is the help; *example* and whether it *changes*
    the daemon, or else its *impact*, are added. With *asks* it takes --yes. An option of the function takes the place
    of a common one; a dataclass among its parameters stands for options, one for each field.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        words = impact or ("Changes the daemon." if changes else "Reads only.")
        runner = _with_common_options(function, asks=asks)
        app.command(name, cls=PlainCommand, help=_help(function, example, words))(runner)
        return function

    return register


def _help(function: Callable[..., None], example: str, impact: str) -> str:
    examples = "\n".join(f"  {line}" for line in example.split("\n"))
    return f"{inspect.getdoc(function)}\n\n{impact}\n\n\b\nExample:\n{examples}"


def _with_common_options(function: Callable[..., None], *, asks: bool) -> Callable[..., None]:
    hints = get_type_hints(function, include_extras=True)
    _, *own = inspect.signature(function).parameters.values()
    sets = {param.name: hints[param.name] for param in own if is_dataclass(hints[param.name])}
    parameters: list[inspect.Parameter] = []
    for param in own:
        kind = hints[param.name]
        parameters += _options_of(kind) if param.name in sets else [param.replace(annotation=kind)]
    taken = {param.name for param in parameters}
    for name, (kind, option) in _COMMON.items():
        if name not in taken:
            parameters.append(_keyword(name, Annotated[kind, option], _DEFAULTS[name]))
    if asks:
        parameters.append(_keyword("yes", Annotated[bool, _YES], False))

    def run(**given: Any) -> None:
        gc.enable()
        context = given.pop(_CONTEXT)
        # A command's own --timeout is about something longer than one call.
        timeout = DEFAULT_TIMEOUT_SECONDS if "timeout" in taken else given.pop("timeout")
        agreed = given.pop("yes") if asks else False
        output = Output(given.pop("form"), quiet=given.pop("quiet"))
        for name, kind in sets.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        for name in _PLACE:
            if name not in taken:
                given.pop(name)
        with Daemon(None, timeout, partial(chosen, context)) as daemon:
            _report(output, function, Invocation(output, daemon, agreed), given)

    parameters.append(_keyword(_CONTEXT, typer.Context, inspect.Parameter.empty))
    run.__name__ = function.__name__
    run.__annotations__ = {param.name: param.annotation for param in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _options_of(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [_keyword(field.name, hints[field.name], field.default) for field in fields(kind)]


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _report(output: Output, function: Callable[..., None], run: Invocation, given: dict[str, Any]) -> None:
    try:
        function(run, **given)
    except Refusal as refusal:
        output.failed(refusal)
        raise typer.Exit(refusal.status) from refusal
    except BrokenPipeError as exc:
        # Whoever read us has seen enough, as in `notifyctl logs tail | head -1`: no error.
        silence_stdout()
        raise typer.Exit(Status.OK) from exc
    except OSError as exc:
        output.failed(Refusal(f"{exc.strerror or exc}: {exc.filename}" if exc.filename else str(exc)))
        raise typer.Exit(Status.FAILED) from exc
