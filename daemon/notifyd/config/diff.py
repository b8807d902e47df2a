"""What changed between two configurations, and what of it a running daemon can take over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from notifyd.config.catalogue import TABLES, Value, catalogue

if TYPE_CHECKING:
    from notifyd.config.settings import Settings


class Change(Struct, frozen=True):
    """A key, or a list of tables, whose value differs."""

    path: str
    old: Value | tuple[Struct, ...]
    new: Value | tuple[Struct, ...]


def value_of(settings: Settings, path: str) -> Value:
    """The value of the key *path*, such as `server.port`."""
    section, _, name = path.partition(".")
    value: Value = getattr(getattr(settings, section), name)
    return value


def diff_settings(old: Settings, new: Settings) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """What differs in *new*: the changes that a reload takes over, and those that need a restart."""
    reloadable: list[Change] = []
    restart: list[Change] = []
    for path, entry in catalogue().items():
        change = Change(path, value_of(old, path), value_of(new, path))
        if change.old != change.new:
            (reloadable if entry.setting.reload else restart).append(change)
    tables = (Change(table, getattr(old, table), getattr(new, table)) for table in TABLES)
    reloadable += [change for change in tables if change.old != change.new]
    return tuple(reloadable), tuple(restart)


def reloaded(old: Settings, new: Settings) -> Settings:
    """*old* with everything of *new* that a reload takes over: what a running daemon goes on with."""
    sections: dict[str, dict[str, Any]] = {}
    for change in diff_settings(old, new)[0]:
        section, _, name = change.path.partition(".")
        if name:
            sections.setdefault(section, {})[name] = change.new
    changed = {section: replace(getattr(old, section), **values) for section, values in sections.items()}
    return replace(old, **{table: getattr(new, table) for table in TABLES}, **changed)
