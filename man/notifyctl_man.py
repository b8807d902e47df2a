"""Write notifyctl(1) from its template and the commands themselves.

Run it after a change to the command line; `--check` writes nothing and exits 1 if the page is not up to date.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperOption

from notifyctl.command import COMMON_OPTIONS
from notifyctl.program import ENVIRONMENT_PREFIX, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER / "notifyctl.1"
_TEMPLATE = FOLDER / "notifyctl.1.in"


def render() -> str:
    """The text of notifyctl(1)."""
    leaves = list(_leaves())
    common = [option for option in _options(leaves[1]) if option.name in COMMON_OPTIONS]
    page = _TEMPLATE.read_text(encoding="utf-8")
    page = page.replace("@COMMON@\n", "".join(_listed(leaves[1], common)))
    return page.replace("@COMMANDS@\n", "".join(map(_section, leaves)))


def _leaves() -> Iterator[Any]:
    root = tree()
    context = root.make_context("notifyctl", [], resilient_parsing=True, auto_envvar_prefix=ENVIRONMENT_PREFIX)
    for name in root.list_commands(context):
        yield from _below(root.get_command(context, name), context)


def _below(command: Any, parent: Any) -> Iterator[Any]:
    context = command.make_context(command.name, [], parent=parent, resilient_parsing=True)
    if not hasattr(command, "list_commands"):
        yield context
        return
    for name in command.list_commands(context):
        yield from _below(command.get_command(context, name), context)


def _section(context: Any) -> str:
    path = context.command_path.removeprefix("notifyctl ")
    text, _, example = context.command.help.partition("Example:")
    own = [option for option in _options(context) if path == "serve" or not _common(option)]
    return "".join(
        [
            f".Ss {roff(path)}\n.Nm Ic {roff(path)}\n",
            *_usage(context, own),
            *(f".Pp\n{_prose(part)}" for part in text.replace("\b", "").strip().split("\n\n")),
            *_listed(context, [*_arguments(context), *own]),
            f".Bd -literal -offset indent\n{_literal(example)}.Ed\n",
        ]
    )


def _usage(context: Any, own: list[TyperOption]) -> Iterator[str]:
    if any(not option.required for option in own):
        yield ".Op Ar options\n"
    for option in own:
        if option.required:
            yield f".Fl {roff(option.opts[0].removeprefix('-'))} Ar {roff(option.metavar or '')}\n"
    for argument in _arguments(context):
        yield f".Ar {roff(argument.metavar or argument.name.upper())}\n"


def _listed(context: Any, params: list[Any]) -> Iterator[str]:
    if not params:
        return
    yield ".Bl -tag -width Ds\n"
    for param in params:
        yield _argument(param) if isinstance(param, TyperArgument) else _option(context, param)
    yield ".El\n"


def _argument(argument: TyperArgument) -> str:
    return f".It Ar {roff(argument.metavar or argument.name.upper())}\n{_prose(argument.help or '')}"


def _option(context: Any, option: TyperOption) -> str:
    names = " , ".join(f"Fl {roff(name.removeprefix('-'))}" for name in sorted(option.opts, key=len))
    value = "" if option.is_flag else f" Ar {roff(option.metavar or option.display_type(context).strip('<>'))}"
    default = _default(option)
    return f".It {names}{value}\n{_prose(option.help or '')}{default}.Pq Ev {roff(_variable(context, option))}\n"


def _default(option: TyperOption) -> str:
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    if option.is_flag or shown in (None, "", [], ()) or option.show_default is False:
        return ""
    return f"The default is {roff(str(shown))}.\n"


def _variable(context: Any, option: TyperOption) -> str:
    given = option.envvar[0] if isinstance(option.envvar, list) else option.envvar
    return str(given or f"{context.auto_envvar_prefix}_{option.name.upper()}")


def _options(context: Any) -> list[TyperOption]:
    return [param for param in context.command.params if isinstance(param, TyperOption)]


def _arguments(context: Any) -> list[TyperArgument]:
    return [param for param in context.command.params if isinstance(param, TyperArgument)]


def _common(option: TyperOption) -> bool:
    return option.name in COMMON_OPTIONS and option.envvar == COMMON_OPTIONS[option.name]


def _prose(paragraph: str) -> str:
    """*paragraph* with a line for each sentence, as roff likes it."""
    sentences = re.split(r"(?<=[a-z0-9)}\]`]\.) (?=[A-Z])", " ".join(paragraph.split()))
    return "".join(f"{roff(sentence)}\n" for sentence in sentences)


def _literal(example: str) -> str:
    return "".join(f"{roff(line.strip())}\n" for line in example.strip().splitlines())


def roff(text: str) -> str:
    """*text* with everything escaped that roff would read as its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    return "\\&" + escaped if escaped.startswith(".") else escaped


def main() -> int:
    """Write the page, or with --check say whether it is as it should be."""
    for name in [name for name in os.environ if name.startswith("NOTIFYCTL_")]:
        del os.environ[name]
    fresh = render()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    sys.stderr.write("stale, run man/notifyctl_man.py: man/notifyctl.1\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
