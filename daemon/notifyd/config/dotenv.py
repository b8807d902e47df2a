"""Reading `.env` files."""

from __future__ import annotations

import re

from notifyd.config.problems import ConfigProblem

_VARIABLE = re.compile(
    r"""[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*"""
    r"""(?:'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^\r\n'"][^\r\n]*|))"""
    r"""[ \t]*(?:\#[^\r\n]*)?\r?(?:\n|\Z)""",
    re.DOTALL,
)
_BLANK = re.compile(r"[ \t]*(?:#[^\r\n]*)?\r?(?:\n|\Z)")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


def parse_dotenv(name: str, text: str) -> tuple[dict[str, str], list[ConfigProblem]]:
    """The variables of a `.env` file and the lines that are none; the last of several equal names counts.

    Values may stand in quotes, over several lines too; in double quotes `\\n`, `\\r`, `\\t` and a backslash before any
    other character are undone. A bare value ends at ` #`.
    """
    variables: dict[str, str] = {}
    problems: list[ConfigProblem] = []
    at = 0
    while at < len(text):
        if match := _VARIABLE.match(text, at):
            variables[match["name"]] = _unquoted(match)
        elif (match := _BLANK.match(text, at)) is None:
            line = text.count("\n", 0, at) + 1
            problems.append(ConfigProblem("must be NAME=value", place=f"{name}, line {line}"))
        at = match.end() if match else (text.find("\n", at) + 1 or len(text))
    return variables, problems


def _unquoted(match: re.Match[str]) -> str:
    if match["single"] is not None:
        return match["single"]
    if match["double"] is not None:
        return re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0][1:]), match["double"], flags=re.DOTALL)
    return re.split(r"(?:^|\s+)#", match["bare"], maxsplit=1)[0].rstrip()
