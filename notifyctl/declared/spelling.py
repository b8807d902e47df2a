"""Declarations as TOML, safe to show and to read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyctl.showing.text import toml_safe
from notifyd.config.values import to_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notifyctl.declared.items import Kind


def toml_lines(tables: Mapping[Kind, list[dict[str, Any]]]) -> Iterator[str]:
    """The lines of a document, a table for each thing; of what there is nothing of, that is said."""
    return map(toml_safe, _lines(tables))


def _lines(tables: Mapping[Kind, list[dict[str, Any]]]) -> Iterator[str]:
    if empty := [kind for kind, rows in tables.items() if not rows]:
        yield ""
        yield from (f"{kind} = []" for kind in empty)
    for kind, rows in tables.items():
        for row in rows:
            yield ""
            yield f"[[{kind}]]"
            yield from (f"{name} = {_value(name, value)}" for name, value in row.items())


def _value(name: str, value: Any) -> str:
    if name == "expires_at":
        return str(value)
    return to_toml(tuple(value) if isinstance(value, list) else value)
