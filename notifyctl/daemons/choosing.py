"""Which daemon a command is about.

What the command line says counts most, then the environment, then what `notifyctl context use` chose; each time a
socket counts more than a context. Where nothing is said the daemon of this machine is searched for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyctl.daemons.contexts import Context, load
from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    import typer


def chosen(context: typer.Context) -> Context:
    """The daemon that the options of *context* mean, as a context; a socket that was named makes one without a name.

    Raises:
        Refusal: the command line names two, there is no such context, or the file of contexts cannot be used.
    """
    socket, name = _value(context, "socket"), _value(context, "context")
    if socket and name and _on_command_line(context, "socket") and _on_command_line(context, "context"):
        raise Refusal("--socket and --context name two daemons: give one of them.", Status.USAGE, code="usage")
    if socket and not (name and _on_command_line(context, "context") and not _on_command_line(context, "socket")):
        return Context("", socket)
    contexts = load()
    return contexts.find(name or contexts.current)


def _value(context: typer.Context, name: str) -> str:
    value: Any = context.params.get(name)
    return value if isinstance(value, str) else ""


def _on_command_line(context: typer.Context, name: str) -> bool:
    """Whether it stands there, before the command or behind it."""
    if context.parent is not None and context.find_root().params.get(name) is not None:
        return True
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
