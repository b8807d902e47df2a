"""The flat table of every key, made from the declarations of the sections."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from notifyd.config.delivering import ChannelRule
from notifyd.config.guaranteeing import WebhookTable
from notifyd.config.setting import Setting
from notifyd.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["bool", "int", "float", "str", "path", "list"]
Value = bool | int | float | str | Path | tuple[str, ...] | None

PREFIX = "NOTIFYD_"
CHANNELS = "channels"
WEBHOOKS = "webhooks"

#: Lists of tables, with the class of each: [[channels]], [[webhooks]].
TABLES: Mapping[str, type[Struct]] = MappingProxyType({CHANNELS: ChannelRule, WEBHOOKS: WebhookTable})

_KINDS: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "str", Path: "path", tuple: "list"}
_MOST = 2**53 - 1  # what JSON and Lua still count exactly
_MOST_SECONDS = 315_360_000.0  # ten years; sums of instants and lengths stay far from overflowing


class Entry(Struct, frozen=True):
    """One key: its place, its type, its default and what its declaration says.

    Attributes:
        section: the table of the file that it stands in.
        name: its name there.
        kind: the type of its value.
        optional: it may be left empty.
        default: its value where no source gives one.
        required: it has no default (the pattern of a channel rule, the url of a webhook).
        setting: the declaration.
    """

    section: str
    name: str
    kind: Kind
    optional: bool
    default: Value
    required: bool
    setting: Setting

    @property
    def path(self) -> str:
        """The key as it is named everywhere but in the environment: `section.name`."""
        return f"{self.section}.{self.name}"

    @property
    def environment(self) -> str:
        """The environment variable of this key; empty for keys of lists of tables, which have none."""
        return "" if self.section in TABLES else f"{PREFIX}{self.section}_{self.name}".upper()

    @property
    def unit(self) -> str:
        """`seconds`, `bytes` or empty: the name of the key ends in its unit."""
        return next((unit for unit in ("seconds", "bytes") if self.name.endswith("_" + unit)), "")

    @property
    def high(self) -> float:
        """The largest number allowed."""
        if self.setting.high is not None:
            return self.setting.high
        return _MOST_SECONDS if self.unit == "seconds" else _MOST


def _entry(section: str, name: str, annotation: Any, default: Any) -> Entry:
    declared, setting = get_args(annotation)
    alternatives = [kind for kind in get_args(declared) if kind is not type(None)]
    optional = type(None) in get_args(declared)
    kind = alternatives[0] if optional else get_origin(declared) or declared
    required = default is NODEFAULT
    return Entry(section, name, _KINDS[kind], optional, None if required else default, required, setting)


def _entries(section: str, declaration: type[Struct]) -> tuple[Entry, ...]:
    hints = get_type_hints(declaration, include_extras=True)
    return tuple(_entry(section, field.name, hints[field.name], field.default) for field in fields(declaration))


@cache
def sections() -> Mapping[str, type[Struct]]:
    """The sections in their order, with the class of each; the lists of tables are not among them."""
    hints = get_type_hints(Settings)
    return MappingProxyType({name: kind for name, kind in hints.items() if name not in TABLES})


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every key of the sections by its path, in the order of the file."""
    return MappingProxyType({e.path: e for name, kind in sections().items() for e in _entries(name, kind)})


@cache
def table_keys(table: str) -> Mapping[str, Entry]:
    """Every key of one of `TABLES` by its name."""
    return MappingProxyType({entry.name: entry for entry in _entries(table, TABLES[table])})


@cache
def environment_names() -> Mapping[str, Entry]:
    """Every key by its NOTIFYD_SECTION_KEY name."""
    return MappingProxyType({entry.environment: entry for entry in catalogue().values()})


@cache
def service_names() -> Mapping[str, Entry]:
    """The keys that the channel service had, by the name that it gave them in the environment."""
    return MappingProxyType({e.setting.service: e for e in catalogue().values() if e.setting.service})


@cache
def flag_names() -> Mapping[str, Entry]:
    """The keys that have a flag of their own, by that flag."""
    return MappingProxyType({e.setting.flag: e for e in catalogue().values() if e.setting.flag})
