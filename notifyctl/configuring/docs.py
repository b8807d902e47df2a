"""What each setting is, from its declaration: what `notifyctl config doc` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notifyctl.exits import Refusal, Status
from notifyctl.showing.output import Column, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notifyd.config import Entry

_TYPES: Final = {"bool": "true or false", "int": "whole number", "float": "number", "str": "text", "path": "path"}
#: What says a Redis in the environment of the client service, beside REDIS_HOST, and has no key of its own.
_REDIS: Final = {"REDIS_HOST": "broker.url", "REDIS_PORT": "broker.url", "REDIS_PASSWORD": "broker.url"}

_DETAILS: Final = (
    Column("Key", "key", style="cyan"),
    Column("Meaning", "doc"),
    Column("Type", "type"),
    Column("Unit", "unit"),
    Column("Least", "least"),
    Column("Most", "most"),
    Column("Words", "choices"),
    Column("Default", "default"),
    Column("Default depends", "follows"),
    Column("Environment", "environment"),
    Column("Service variable", "service"),
    Column("in milliseconds", "milliseconds"),
    Column("Option", "flag"),
    Column("Takes effect", "effect"),
    Column("Secret", "secret"),
)
OVERVIEW: Final = (
    Column("Key", "key", style="cyan"),
    Column("Default", "default"),
    Column("Takes effect", "effect"),
    Column("Meaning", "doc"),
)


def details(record: Record) -> list[Column]:
    """The columns of one setting, without those that say nothing of it."""
    return [column for column in _DETAILS if column.value(record) not in (None, "", [])]


def names() -> list[str]:
    """Everything that `find` understands, for completion: keys, sections and environment variables."""
    entries = list(_entries())
    sections = dict.fromkeys(entry.section for entry in entries)
    variables = [name for entry in entries for name in (entry.environment, entry.setting.service) if name]
    return [*sections, *(entry.path for entry in entries), *variables, *_REDIS]


def find(wanted: Sequence[str]) -> list[Record]:
    """What is said of the settings that *wanted* name, all of them where it is empty, in their order.

    A name is a key (`log.level`), a section (`log`), or an environment variable.

    Raises:
        Refusal: there is nothing of one of these names (NOT_FOUND); the message names the nearest one.
    """
    entries = list(_entries())
    for name in wanted:
        if not any(_named(entry, name) for entry in entries):
            from notifyd.config.problems import nearest

            raise Refusal(
                f"There is no setting {name}; the nearest name is {nearest(name, names())}.", Status.NOT_FOUND
            )
    return [_record(entry) for entry in entries if not wanted or any(_named(entry, name) for name in wanted)]


def _entries() -> Iterator[Entry]:
    from notifyd.config import catalogue
    from notifyd.config.catalogue import TABLES, table_keys

    yield from catalogue().values()
    for table in TABLES:
        yield from table_keys(table).values()


def _named(entry: Entry, name: str) -> bool:
    key = _REDIS.get(name, name)
    return key != "" and key in (entry.path, entry.section, entry.environment, entry.setting.service)


def _record(entry: Entry) -> Record:
    setting = entry.setting
    number = entry.kind in ("int", "float")
    return {
        "key": entry.path,
        "doc": setting.doc,
        "type": _type(entry),
        "unit": entry.unit or None,
        "least": setting.low if number else None,
        "most": entry.high if number else None,
        "choices": list(setting.choices),
        "default": None if entry.required or setting.follows else _default(entry),
        "follows": setting.follows or None,
        "environment": entry.environment or None,
        "service": _service(entry),
        "milliseconds": setting.milliseconds or None,
        "flag": setting.flag or None,
        "effect": "reload" if setting.reload else "restart",
        "secret": setting.secret or None,
    }


def _type(entry: Entry) -> str:
    if entry.kind == "list":
        return "list of texts"
    kind = _TYPES[entry.kind]
    return f"{kind}, has to be given" if entry.required else f"{kind}, may be empty" if entry.optional else kind


def _default(entry: Entry) -> object:
    if isinstance(entry.default, tuple):
        return list(entry.default)
    return entry.default if isinstance(entry.default, bool | int | float) else str(entry.default or "")


def _service(entry: Entry) -> list[str] | None:
    own = [entry.setting.service] if entry.setting.service else []
    return own + [name for name, key in _REDIS.items() if key == entry.path] or None
