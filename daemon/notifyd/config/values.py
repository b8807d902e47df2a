"""From what a source gives to the value of a setting, and back into the text of each."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from notifyd.config.forms import FORMS

if TYPE_CHECKING:
    from notifyd.config.catalogue import Entry, Value

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_THOUSAND = 1000


class ValueRefused(ValueError):
    """A value does not fit its key; the message says what would fit."""


def from_text(entry: Entry, text: str, *, milliseconds: bool = False) -> Value:
    """The value of *entry* that an environment variable or a flag spells; lists are separated by commas.

    Raises:
        ValueRefused: *text* is no such value, or one out of range.
    """
    return check(entry, _spelled(entry, text.strip(), milliseconds=milliseconds), milliseconds=milliseconds)


def from_toml(entry: Entry, raw: object) -> Value:
    """The value of *entry* that a TOML document holds.

    Raises:
        ValueRefused: *raw* is of another type, or out of range.
    """
    if entry.kind == "list" and isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return check(entry, tuple(raw))
    if entry.kind == "float" and isinstance(raw, int) and not isinstance(raw, bool):
        return check(entry, float(raw) if abs(raw) < 2**63 else math.inf)
    if entry.kind in ("str", "path") and isinstance(raw, str):
        return check(entry, _pathed(entry, raw))
    if type(raw).__name__ == entry.kind and isinstance(raw, bool | int | float):
        return check(entry, raw)
    raise ValueRefused(f"must be {_described(entry)}")


def check(entry: Entry, value: Value, *, milliseconds: bool = False) -> Value:
    """*value*, if it is within the range, the choices and the form that *entry* declares.

    Raises:
        ValueRefused: it is not.
    """
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _ranged(entry, value, milliseconds=milliseconds)
    if isinstance(value, str):
        return _worded(entry, value)
    if isinstance(value, tuple):
        return tuple(_worded(entry, item) for item in value)
    return value


def to_text(value: Value) -> str:
    """What `from_text` reads as *value*."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    return _number(value) if isinstance(value, float) else str(value)


def to_toml(value: Value) -> str:
    """*value* as it stands in a TOML document; an empty text for no value."""
    if isinstance(value, bool | int | float):
        return to_text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_quoted(item) for item in value)}]"
    return _quoted(to_text(value))


def _quoted(text: str) -> str:
    # a JSON string is a TOML basic string, but for DEL, which TOML wants escaped as well
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _spelled(entry: Entry, text: str, *, milliseconds: bool) -> Value:
    match entry.kind:
        case "bool":
            return _boolean(text)
        case "int":
            if not _INTEGER.fullmatch(text):
                raise ValueRefused(f"must be {_described(entry)}")
            return int(text)
        case "float":
            if not _NUMBER.fullmatch(text):
                raise ValueRefused(f"must be {_described(entry, milliseconds=milliseconds)}")
            return float(text) / _THOUSAND if milliseconds else float(text)
        case "list":
            return tuple(item.strip() for item in text.split(",") if item.strip())
        case _:  # a text, or the path that it spells
            return _pathed(entry, text)


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueRefused("must be true or false")


def _pathed(entry: Entry, text: str) -> Value:
    if entry.kind == "str":
        return text
    if "\0" in text:
        raise ValueRefused("must not contain a NUL character")
    if text:
        return Path(text)
    if entry.optional:
        return None
    raise ValueRefused("must be the path of a folder")


def _ranged(entry: Entry, value: float, *, milliseconds: bool) -> float:
    if entry.setting.low <= value <= entry.high:
        return value
    factor = _THOUSAND if milliseconds else 1
    unit = "milliseconds" if milliseconds else entry.unit
    low, high = (_number(float(bound * factor)) for bound in (entry.setting.low, entry.high))
    raise ValueRefused(f"must be between {low} and {high} {unit}".rstrip())


def _worded(entry: Entry, text: str) -> str:
    setting = entry.setting
    if setting.choices:
        word = text.lower()
        word = setting.aliases.get(word, word)
        if word not in setting.choices:
            raise ValueRefused(f"must be one of {', '.join(setting.choices)}")
        return word
    complaint = FORMS[setting.form](text) if setting.form else None
    if complaint:
        raise ValueRefused(complaint)
    return text


def _described(entry: Entry, *, milliseconds: bool = False) -> str:
    unit = "milliseconds" if milliseconds else entry.unit
    match entry.kind:
        case "bool":
            return "true or false"
        case "int" | "float":
            number = "a whole number" if entry.kind == "int" else "a number"
            return f"{number} of {unit}, without a unit behind it" if unit else number
        case "list":
            return "a list of texts"
        case _:
            return "a text in quotes"
