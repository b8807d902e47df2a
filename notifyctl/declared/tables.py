"""Rules of channels and webhooks, which live in the daemon's configuration: read by its rules, and written for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from notifyctl.declared.items import IDENTITY, Item, Kind, plain
from notifyd.config.documents import Document, parse_toml
from notifyd.config.from_documents import take_document
from notifyd.config.gathering import Gathering
from notifyd.config.values import to_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notifyd.config.problems import ConfigProblem


def table_items(kind: Kind, document: Document, problems: list[ConfigProblem]) -> list[Item]:
    """What *document* holds of *kind*, in its order; what is wrong with it goes to *problems*."""
    gathering = Gathering()
    take_document(gathering, Document(document.name, {kind: document.tables[kind]}, document.lines), "file")
    problems += gathering.problems
    found = []
    for index, row in enumerate(gathering.tables.get(kind, ())):
        fields = {name: plain(value) for name, value in asdict(row).items()}
        place = document.place(f"{kind}.{index}")
        found.append(Item(kind, (fields.pop(IDENTITY[kind]),), fields, place=place))
    return found


def items_in_force(kind: Kind, value: str) -> list[Item]:
    """The rows of *kind* that a daemon tells as its setting *value*, in TOML."""
    document = parse_toml("the daemon", f"{kind} = {value}")
    problems: list[ConfigProblem] = [] if isinstance(document, Document) else [document]
    found = table_items(kind, document, problems) if isinstance(document, Document) else []
    assert not problems, f"a daemon holds what is valid: {problems[0]}"
    return found


def as_toml(items: Sequence[Item]) -> str:
    """*items* of one kind as the value of a setting, in TOML."""
    rows = (", ".join(f"{name} = {_value(value)}" for name, value in item.said().items()) for item in items)
    return f"[{', '.join(f'{{{fields}}}' for fields in rows)}]"


def _value(value: Any) -> str:
    return to_toml(tuple(value) if isinstance(value, list) else value)
