"""Reading texts: TOML with the line of each key, and `.env` files."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from msgspec import Struct

from notifyd.config.problems import ConfigProblem

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_VARIABLE = re.compile(
    r"""[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*"""
    r"""(?:'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<bare>[^\r\n'"][^\r\n]*|))"""
    r"""[ \t]*(?:\#[^\r\n]*)?\r?(?:\n|\Z)""",
    re.DOTALL,
)
_BLANK = re.compile(r"[ \t]*(?:#[^\r\n]*)?\r?(?:\n|\Z)")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


class Document(Struct, frozen=True):
    """A parsed TOML file.

    Attributes:
        name: what to call it in origins and problems.
        tables: its content.
        lines: the line of each key by its path; rules of [[channels]] are counted, `channels.0.pattern`.
    """

    name: str
    tables: dict[str, Any]
    lines: dict[str, int]

    def place(self, path: str) -> str:
        """Where *path* stands, as `NAME:LINE`, or the line of the nearest table around it."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return f"{self.name}:{self.lines[path]}" if path else self.name


def parse_toml(name: str, text: str) -> Document | ConfigProblem:
    """The document in *text*, or what is wrong with it and where."""
    try:
        return Document(name, tomllib.loads(text), _lines(text))
    except tomllib.TOMLDecodeError as exc:
        return ConfigProblem(_POSITION.sub("", str(exc)), place=_position(name, text, str(exc)))
    except RecursionError:
        return ConfigProblem("nested too deeply", place=name)


def _position(name: str, text: str, message: str) -> str:
    found = _POSITION.search(message)
    line, column = found.groups() if found else (None, None)
    if line is None:
        return f"{name}, line {text.count(chr(10)) + 1}"
    return f"{name}, line {line}, column {column}"


def _lines(text: str) -> dict[str, int]:
    # tomllib keeps no positions. This reads the shape of lines alone, so that a line inside a multi-line string can
    # be taken for a key; no key of ours has such a value, and a position is all that would be wrong.
    lines: dict[str, int] = {}
    table = ""
    rules: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            table = _plain(header[2])
            if header[1] == "[[":
                rules[table] = rules.get(table, -1) + 1
                table = f"{table}.{rules[table]}"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{_plain(key[1])}".lstrip("."), number)
    return lines


def _plain(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))


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
