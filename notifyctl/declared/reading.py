"""Reading declarations: TOML or JSON, from files or stdin, every problem told at once with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notifyctl import stdin
from notifyctl.declared.fields import client_item, key_item
from notifyctl.declared.items import KINDS, ONE, Item, Kind, repeated
from notifyctl.declared.tables import table_items
from notifyctl.exits import Refusal, Status
from notifyd.config.documents import Document, parse_toml
from notifyd.config.problems import ConfigInvalid, ConfigProblem, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN: Final = "-"
_MOST_BYTES: Final = stdin.MOST_BYTES


@dataclass(frozen=True)
class Declared:
    """What the files say together."""

    items: dict[Kind, list[Item]]
    #: The kinds that they speak of, be it to say that there are none.
    governed: frozenset[Kind]


def read(sources: Sequence[str], *, plain_secrets: bool = False) -> Declared:
    """What the files *sources* declare together; `-` is stdin.

    Raises:
        ConfigInvalid: something is wrong with them; it holds every problem.
        Refusal: one of them cannot be read.
    """
    if list(sources).count(STDIN) > 1:
        raise Refusal("stdin can be read once: name - one time.", Status.USAGE, code="usage")
    problems: list[ConfigProblem] = []
    items: dict[Kind, list[Item]] = {kind: [] for kind in KINDS}
    governed: set[Kind] = set()
    for source in sources:
        document = _document(source, problems)
        if document is not None:
            folder = Path() if source == STDIN else Path(source).parent
            _take(_File(document, folder, plain_secrets, problems), items, governed)
    for found in items.values():
        problems += _twice(found)
    if problems:
        raise ConfigInvalid(problems)
    return Declared(items, frozenset(governed))


@dataclass(frozen=True)
class _File:
    document: Document
    folder: Path
    plain_secrets: bool
    problems: list[ConfigProblem]


def _document(source: str, problems: list[ConfigProblem]) -> Document | None:
    name = "stdin" if source == STDIN else source
    text = stdin.read_text() if source == STDIN else _text(source)
    if source.endswith(".json") or (source == STDIN and text.lstrip().startswith("{")):
        return _from_json(name, text, problems)
    result = parse_toml(name, text)
    if isinstance(result, Document):
        return result
    problems.append(result)
    return None


def _text(source: str) -> str:
    try:
        with Path(source).open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as exc:
        status = Status.NOT_FOUND if isinstance(exc, FileNotFoundError) else Status.USAGE
        raise Refusal(f"{source} cannot be read: {exc.strerror}.", status, code="unreadable") from exc
    if len(content) > _MOST_BYTES:
        raise Refusal(f"{source} is larger than {_MOST_BYTES} bytes.", Status.USAGE, code="too_large")
    return stdin.decoded(content, source)


def _from_json(name: str, text: str, problems: list[ConfigProblem]) -> Document | None:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as exc:
        problems.append(ConfigProblem(exc.msg, place=f"{name}, line {exc.lineno}, column {exc.colno}"))
    except RecursionError:
        problems.append(ConfigProblem("nested too deeply", place=name))
    else:
        if isinstance(content, dict):
            return Document(name, content, {})
        problems.append(ConfigProblem("must be an object with clients, keys, channels or webhooks", place=name))
    return None


def _take(file: _File, items: dict[Kind, list[Item]], governed: set[Kind]) -> None:
    for name, content in file.document.tables.items():
        kind = next((kind for kind in KINDS if kind == name), None)
        place = file.document.place(name)
        if kind is None:
            file.problems.append(ConfigProblem("unknown key", name, None, place, nearest(name, KINDS)))
        elif not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
            file.problems.append(ConfigProblem(f"must be a list of tables, each under [[{kind}]]", kind, None, place))
        else:
            governed.add(kind)
            items[kind] += _items(file, kind, content)


def _items(file: _File, kind: Kind, rows: list[dict[str, Any]]) -> list[Item]:
    if kind in ("channels", "webhooks"):
        tables = table_items(kind, file.document, file.problems)
        file.problems.extend(_half_paths(tables))
        return tables
    places = [partial(_place, file.document, f"{kind}.{index}") for index in range(len(rows))]
    if kind == "keys":
        found = [key_item(row, place, file.problems) for row, place in zip(rows, places, strict=True)]
    else:
        found = [
            client_item(row, place, file.problems, file.folder, plain_secrets=file.plain_secrets)
            for row, place in zip(rows, places, strict=True)
        ]
    return [item for item in found if item is not None]


def _place(document: Document, table: str, name: str) -> str:
    """Where the key *name* of *table* stands; JSON has no lines, but counts."""
    return document.place(f"{table}.{name}") if document.lines else f"{document.name}, {table}"


def _half_paths(tables: list[Item]) -> list[ConfigProblem]:
    """Files that another folder, or another home, would make other files of."""
    named = [(item, item.fields.get("secret_file") or "/") for item in tables]
    return [
        ConfigProblem("must be a full path on the daemon's machine", "[[webhooks]] secret_file", path, item.place)
        for item, path in named
        if not path.startswith("/")
    ]


def _twice(items: list[Item]) -> list[ConfigProblem]:
    return [
        ConfigProblem(
            f"is declared {len(group)} times: {', '.join(item.place for item in group)}",
            f"{ONE[group[0].kind]} {group[0].name}",
        )
        for group in repeated(items).values()
    ]
