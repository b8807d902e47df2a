"""Parameters whose text is understood here.

Typer hands every value to pydantic, whose import takes longer than everything else that `notifyctl status` does. The
few kinds of values that our commands take need no such help; any other kind goes typer's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from notifyctl.values.moments import instant, moment, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


#: Characters of a command's help beside its name: typer's own measure for shells, and more than any sentence has.
_IN_COMPLETIONS: Final = 45
_WHOLE: Final = 400


class PlainCommand(TyperCommand):
    """A command whose parameters are PlainOption and PlainArgument."""

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **rest: Any) -> None:
        super().__init__(name, params=[_plain(param) for param in params or ()], **rest)

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help, read like the others."""
        return _plain(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = _IN_COMPLETIONS) -> str:
        """The first sentence of the help, whole in a list of commands, which breaks lines itself."""
        return super().get_short_help_str(limit if limit == _IN_COMPLETIONS else _WHOLE)


class NounGroup(TyperGroup):
    """A group of such commands, which shows its help when it is called alone."""

    def __init__(self, *, params: list[Any] | None = None, **rest: Any) -> None:
        super().__init__(params=[_plain(param) for param in params or ()], **rest)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does, `--help` standing in for nothing."""
        return super().parse_args(ctx, args or ([] if ctx.resilient_parsing else ["--help"]))

    def get_help_option(self, ctx: Any) -> Any:
        """The option --help, read like those of the commands."""
        return _plain(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = _IN_COMPLETIONS) -> str:
        """As that of a command."""
        return super().get_short_help_str(limit if limit == _IN_COMPLETIONS else _WHOLE)


def _plain(param: Any) -> Any:
    # Typer makes the parameters from a function's signature and leaves no other place to choose their class.
    if type(param) is TyperOption:
        param.__class__ = PlainOption
    elif type(param) is TyperArgument:
        param.__class__ = PlainArgument
    return param


class PlainOption(TyperOption):
    """An option that reads its own value."""

    def resolve_envvar_value(self, ctx: Any) -> Any:
        """What was said before the command (`notifyctl --socket PATH status`), else the environment's word."""
        said = ctx.find_root().params.get(self.name) if ctx.parent is not None else None
        return super().resolve_envvar_value(ctx) if said is None else said

    def process_value(self, ctx: Any, value: Any) -> Any:
        """The value of the text that was given, or typer's word on what is missing."""
        if _needs_typer(self, ctx, value):
            return super().process_value(ctx, value)
        return _read(self, ctx, value)


class PlainArgument(TyperArgument):
    """An argument that reads its own value."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """The value of the text that was given, or typer's word on what is missing."""
        if _needs_typer(self, ctx, value):
            return super().process_value(ctx, value)
        return _read(self, ctx, value)


def _needs_typer(param: TyperOption | TyperArgument, ctx: Any, value: Any) -> bool:
    # a shell that completes asks before all is there that has to be
    missing = param.required and param.value_is_missing(value) and not ctx.resilient_parsing
    kind = param.type_descriptor
    known = kind.annotation in (str, bool, int, list[str]) or kind.is_choice or kind.parameter_info.parser is not None
    return missing or not known


def _read(param: TyperOption | TyperArgument, ctx: Any, value: Any) -> Any:
    several = param.nargs == -1 or (isinstance(param, TyperOption) and param.multiple)
    if value is None or value == ():
        read: Any = () if several else None
    else:
        try:
            read = _converted(param, value)
        except ValueError as exc:
            raise typer.BadParameter(str(exc), ctx=ctx, param=param) from exc
    return read if param.callback is None else param.callback(ctx, param, read)


def _converted(param: TyperOption | TyperArgument, value: Any) -> Any:
    kind = param.type_descriptor
    if not isinstance(value, str | list | tuple):
        return value
    if kind.parameter_info.parser is not None:
        parse = kind.parameter_info.parser
        return [parse(item) for item in value] if kind.is_list else parse(cast("str", value))
    if kind.is_choice:
        return _chosen(value, kind.choices or ())
    if kind.annotation is bool:
        return _truth(cast("str", value))
    if kind.annotation is int:
        return _whole(cast("str", value), param.min, param.max)
    return list(value) if kind.is_list else value


def _chosen(value: Any, choices: Sequence[Any]) -> Any:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(map(str, choices))}")
    return value


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("", "0", "false", "no", "off"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _whole(text: str, low: float | None, high: float | None) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"at least {low:g}" if high is None else f"between {low or 0:.0f} and {high:.0f}"
        raise ValueError(f"{number} is not {bounds}")
    return number


def duration_option(*names: str, help: str, **rest: Any) -> Any:  # noqa: A002 -- typer's own name for it
    """An option that takes a length of time and hands over seconds."""
    return typer.Option(*names, help=help, parser=cast("Callable[[str], Any]", seconds), metavar="DURATION", **rest)


def instant_option(*names: str, help: str, **rest: Any) -> Any:  # noqa: A002 -- typer's own name for it
    """An option that takes an instant and hands over an aware datetime."""
    return typer.Option(*names, help=help, parser=cast("Callable[[str], Any]", instant), metavar="INSTANT", **rest)


def moment_option(*names: str, help: str, **rest: Any) -> Any:  # noqa: A002 -- typer's own name for it
    """An option that takes an instant, or a length of time that lies back, and hands over an aware datetime."""
    return typer.Option(*names, help=help, parser=cast("Callable[[str], Any]", moment), metavar="INSTANT|AGO", **rest)
