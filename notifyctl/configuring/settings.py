"""Settings as records: what `notifyctl config show` prints, and values between text, TOML and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from notifyctl.exits import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notifyctl.showing.output import Record
    from notifyd.config import Entry, Loaded
    from notifyd.v1 import admin_pb2 as pb


def keys() -> list[str]:
    """Every key there is."""
    from notifyd.config import catalogue

    return list(catalogue())


def records(loaded: Loaded) -> list[Record]:
    """Every setting with its value, secrets hidden, and its origin; each list of tables is one record."""
    from msgspec.structs import asdict

    from notifyd.config import catalogue, value_of
    from notifyd.config.catalogue import TABLES

    found = [
        _record(loaded, path, _shown(entry, value_of(loaded.settings, path))) for path, entry in catalogue().items()
    ]
    for table in TABLES:
        rows = map(asdict, getattr(loaded.settings, table))
        said = [{name: _plain(value) for name, value in row.items() if value is not None} for row in rows]
        found.append(_record(loaded, table, said))
    return found


def in_force(values: Iterable[pb.ConfigValue]) -> list[Record]:
    """The settings that a daemon says it runs with, values parsed from TOML."""
    return [
        {"key": each.key, "value": _from_toml(each.value), "origin": each.origin, "reloadable": each.reloadable}
        for each in values
    ]


def _from_toml(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def select(found: Iterable[Record], wanted: Sequence[str]) -> list[Record]:
    """Those of *found* that are, or whose section is, among *wanted*; all of them where nothing is wanted.

    Raises:
        Refusal: one of *wanted* is neither a key nor a section (NOT_FOUND).
    """
    found = list(found)
    for key in wanted:
        if not any(_covers(key, record) for record in found):
            raise Refusal(f"There is no key or section {key}; the nearest key is {nearest_key(key)}.", Status.NOT_FOUND)
    return [record for record in found if not wanted or any(_covers(key, record) for key in wanted)]


def spelled(key: str, text: str) -> object:
    """The value of *key* that *text* spells, as TOML holds it.

    Raises:
        ConfigInvalid: there is no such key, or the value does not fit it.
    """
    from notifyd.config import ConfigInvalid, ConfigProblem, catalogue
    from notifyd.config.gathering import shown
    from notifyd.config.values import ValueRefused, from_text

    entry = catalogue().get(key)
    if entry is None:
        raise ConfigInvalid([ConfigProblem("unknown key", key, nearest=nearest_key(key))])
    try:
        return _plain(from_text(entry, text))
    except ValueRefused as exc:
        raise ConfigInvalid([ConfigProblem(str(exc), key, shown(entry, text))]) from exc


def nearest_key(key: str) -> str:
    """The key that looks most like *key*."""
    from notifyd.config.problems import nearest

    return nearest(key, keys())


def _record(loaded: Loaded, path: str, value: object) -> Record:
    return {"key": path, "value": value, "origin": loaded.origins[path]}


def _shown(entry: Entry, value: Any) -> object:
    from notifyd.config.gathering import kept_secret

    hidden = kept_secret(entry, value)
    return _plain(value) if hidden is None else hidden


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else "" if value is None else value


def _covers(key: str, record: Record) -> bool:
    return bool(record["key"] == key or record["key"].startswith(f"{key}."))
