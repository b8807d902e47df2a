"""Collecting values from sources, each with its origin and each checked by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from notifyd.config.catalogue import Value
from notifyd.config.engine_forms import without_secrets
from notifyd.config.problems import ConfigProblem
from notifyd.config.values import ValueRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from notifyd.config.catalogue import Entry

SECRET = "***"
#: Forms of settings that are URLs, in which a password may stand.
_URLS = ("broker", "records", "bullmq")
_DELICATE = re.compile(r"pass|secret|token|private|credential|key|url|uri", re.IGNORECASE)
_MOST_SHOWN = 80


class Written(Struct, frozen=True):
    """How a value was written: under which name, where, what, and how its origin is told."""

    name: str
    place: str
    raw: object
    origin: str


class Gathering(Struct):
    """What the sources gave; a later source lies over an earlier one.

    Attributes:
        values: the value of each key that was given.
        origins: where that value comes from.
        tables: what stands in each list of tables, such as the [[channels]] rules.
        refused: keys that were given a value which does not fit.
        problems: everything that is wrong.
    """

    values: dict[str, Value] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    tables: dict[str, tuple[Struct, ...]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    problems: list[ConfigProblem] = field(default_factory=list)

    def put(self, entry: Entry, written: Written, read: Callable[[], Value]) -> None:
        """Take the value that *read* returns, or note why it was refused."""
        try:
            self.values[entry.path] = read()
        except ValueRefused as exc:
            self.refused.add(entry.path)
            self.problems.append(
                ConfigProblem(str(exc), written.name, shown(entry, written.raw), written.place),
            )
        else:
            self.origins[entry.path] = written.origin


def kept_secret(entry: Entry, value: Value) -> str | None:
    """What stands for the *value* in force where it is told; None if it may be told as it is."""
    if not entry.setting.secret or value == entry.default:
        return None
    return without_secrets(value) if entry.setting.form in _URLS and isinstance(value, str) else SECRET


def shown(entry: Entry | None, raw: object) -> str:
    """*raw* fit for an eye: short, printable, and hidden if it is a secret."""
    if entry is not None and (entry.setting.secret or (entry.setting.form == "url" and "@" in str(raw))):
        return SECRET
    text = raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    text = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."
    return text if text.isprintable() else ascii(text)


def _shown_unknown(name: str, raw: object) -> str:
    # nobody knows what an unknown key was meant to hold
    return SECRET if _DELICATE.search(name) else shown(None, raw)


def unknown(name: str, raw: object, place: str, right: str) -> ConfigProblem:
    """The problem that there is no key *name*; *right* is the nearest one that there is."""
    return ConfigProblem("unknown key", name, _shown_unknown(name, raw), place, right)
