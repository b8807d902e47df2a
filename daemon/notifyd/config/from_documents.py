"""Values from TOML documents: the configuration file and its overlay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notifyd.config.catalogue import TABLES, catalogue, sections, table_keys
from notifyd.config.gathering import Gathering, Written, shown, unknown
from notifyd.config.problems import ConfigProblem, nearest
from notifyd.config.values import from_toml

if TYPE_CHECKING:
    from msgspec import Struct

    from notifyd.config.documents import Document


def take_document(gathering: Gathering, document: Document, label: str) -> None:
    """Put everything that *document* says into *gathering*; *label* begins the origins."""
    for section, content in document.tables.items():
        if section in TABLES:
            _take_tables(gathering, document, (section, content), label)
        elif section in sections():
            _take_section(gathering, document, (section, content), label)
        elif isinstance(content, dict):
            right = nearest(section, [*sections(), *TABLES])
            problem = ConfigProblem("unknown section", f"[{section}]", None, document.place(section), f"[{right}]")
            gathering.problems.append(problem)
        else:
            place = document.place(section)
            gathering.problems.append(unknown(section, content, place, nearest(section, catalogue())))


def _take_section(gathering: Gathering, document: Document, table: tuple[str, object], label: str) -> None:
    section, content = table
    if not isinstance(content, dict):
        message = f"must be a section: [{section}] with keys under it"
        gathering.problems.append(ConfigProblem(message, section, shown(None, content), document.place(section)))
        return
    for name, raw in content.items():
        path = f"{section}.{name}"
        place = document.place(path)
        if entry := catalogue().get(path):
            written = Written(path, place, raw, f"{label} {place}")
            gathering.put(entry, written, lambda entry=entry, raw=raw: from_toml(entry, raw))  # type: ignore[misc]
        else:
            gathering.problems.append(unknown(path, raw, place, nearest(path, catalogue())))


def _take_tables(gathering: Gathering, document: Document, tables: tuple[str, object], label: str) -> None:
    section, content = tables
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        message = f"must be a list of tables: [[{section}]] before the keys of each"
        gathering.problems.append(ConfigProblem(message, section, None, document.place(section)))
        return
    rows = (_take_row(gathering, document, f"{section}.{index}", row) for index, row in enumerate(content))
    gathering.tables[section] = tuple(row for row in rows if row)
    gathering.origins[section] = f"{label} {document.place(f'{section}.0')}"


def _take_row(gathering: Gathering, document: Document, path: str, row: dict[str, Any]) -> Struct | None:
    section = path.partition(".")[0]
    keys = table_keys(section)
    own = Gathering()
    for name, raw in row.items():
        place, said = document.place(f"{path}.{name}"), f"[[{section}]] {name}"
        if entry := keys.get(name):
            written = Written(said, place, raw, "")
            own.put(entry, written, lambda entry=entry, raw=raw: from_toml(entry, raw))  # type: ignore[misc]
        else:
            own.problems.append(unknown(said, raw, place, nearest(name, keys)))
    for entry in keys.values():
        if entry.required and entry.name not in row:
            own.problems.append(ConfigProblem("is missing", f"[[{section}]] {entry.name}", None, document.place(path)))
    gathering.problems += own.problems
    if own.problems:
        return None
    values: dict[str, Any] = {path.rpartition(".")[2]: value for path, value in own.values.items()}
    return TABLES[section](**values)
