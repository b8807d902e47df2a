"""Reading TOML with the line of each key."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from notifyd.config.problems import ConfigProblem

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Document(Struct, frozen=True):
    """A parsed TOML file.

    Attributes:
        name: what to call it in origins and problems.
        tables: its content.
        lines: the line of each key by its path; lists of tables are counted, `channels.0.pattern`.
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
    import tomllib  # most runs of the command line find no file at all

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
