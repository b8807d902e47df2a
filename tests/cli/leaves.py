"""Every command of the tree, with its options and the examples of its help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperOption

from notifyctl.program import tree

if TYPE_CHECKING:
    from collections.abc import Iterator


def _walk(command: Any, context: Any) -> Iterator[Any]:
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    if not names:
        yield context
    for name in names:
        child = command.get_command(context, name)
        yield from _walk(child, child.make_context(name, [], parent=context, resilient_parsing=True))


def _leaves() -> dict[str, Any]:
    root = tree()
    context = root.make_context(
        "notifyctl", [], resilient_parsing=True, auto_envvar_prefix="NOTIFYCTL", help_option_names=["-h", "--help"]
    )
    return {found.command_path: found for found in _walk(root, context)}


#: The context of each command by its path, such as `notifyctl keys list`.
LEAVES = _leaves()
#: Options that every command has; what they do is the same everywhere.
COMMON = {"--output", "--quiet", "--socket", "--context", "--timeout"}


def options(path: str) -> list[TyperOption]:
    """The options of a command, without --help."""
    return [param for param in LEAVES[path].command.params if isinstance(param, TyperOption)]


def variable(context: Any, option: TyperOption) -> str:
    """The environment variable that gives the option."""
    given = option.envvar[0] if isinstance(option.envvar, list) else option.envvar
    return str(given or f"{context.auto_envvar_prefix}_{option.name.upper()}")


def examples() -> dict[str, list[str]]:
    """The examples in the help of each command, by its path."""
    return {
        path: list(filter(None, map(str.strip, context.command.help.split("Example:")[1].splitlines())))
        for path, context in LEAVES.items()
    }


def path_of(words: list[str]) -> str:
    """The command that *words*, which follow `notifyctl`, call; "" where they call none."""
    line = f"notifyctl {' '.join(words)} "
    return max((path for path in LEAVES if line.startswith(path + " ")), key=len, default="")
