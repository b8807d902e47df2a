"""What a log record may say: plain values of bounded size, without secrets and without payloads."""

from __future__ import annotations

import re
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN: Final = "***"
MAX_TEXT: Final = 2048
MAX_TRACEBACK: Final = 8192
MAX_ITEMS: Final = 50
MAX_DEPTH: Final = 4
_MAX_INT: Final = 2**63

# Names are matched, not values: a secret has no shape, the names that hold one are few. `data_bytes` or `key_id` stay.
_SECRET = re.compile(
    r"secret|token|password|passwd|passphrase|authorization|cookie|credential|digest"
    r"|api[_-]?key|private[_-]?key|master[_-]?key|(^|_)pwd$"
    r"|(^|_)(data|payload|metadata|body)(_json)?$",
    re.IGNORECASE,
)
_secret_names: dict[str, bool] = {}


def hides(name: str) -> bool:
    """Whether a field called *name* must not be shown."""
    known = _secret_names.get(name)
    if known is None:
        known = _SECRET.search(name) is not None
        # names come from our own code; the bound is for those that come from foreign dictionaries
        if len(_secret_names) < 1000:
            _secret_names[name] = known
    return known


def plain_fields(fields: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """*fields* with secrets hidden and every value made of plain, bounded JSON types."""
    result: dict[str, Any] = {}
    for name, value in fields.items():
        if len(result) >= MAX_ITEMS:
            result["more"] = len(fields) - MAX_ITEMS
            break
        key = name if type(name) is str else str(name)
        result[_text(key)] = HIDDEN if hides(key) and value is not None else plain(value, depth)
    return result


def plain(value: Any, depth: int = 0) -> Any:
    """*value* as JSON types of bounded size; of bytes only their number is told."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is bool or kind is float or value is None:
        return value
    if kind is int:
        return value if -_MAX_INT <= value < _MAX_INT else str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes"
    if depth >= MAX_DEPTH:
        return "..."
    if isinstance(value, dict):
        return plain_fields(value, depth + 1)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _items(list(value), depth)
    return _text(str(value))


def _items(values: list[Any], depth: int) -> list[Any]:
    shown = [plain(value, depth + 1) for value in values[:MAX_ITEMS]]
    if len(values) > MAX_ITEMS:
        shown.append(f"... {len(values) - MAX_ITEMS} more")
    return shown


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}... {len(value) - MAX_TEXT} more"
    # lone surrogates (from file names, from broken peers) cannot be encoded
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def exception_text(exc_info: Any) -> str:
    """The traceback that *exc_info* (an exception, a triple, or True inside `except`) stands for; "" for none."""
    match exc_info:
        case BaseException():
            lines = traceback.format_exception(exc_info)
        case (type() as kind, BaseException() as value, (TracebackType() | None) as trace):
            lines = traceback.format_exception(kind, value, trace)
        case True:
            lines = traceback.format_exc().splitlines(keepends=True)
        case _:
            return ""
    text = "".join(lines).rstrip("\n")
    # the end of a traceback says what happened, the beginning only how we got there
    text = text if len(text) <= MAX_TRACEBACK else f"... {text[-MAX_TRACEBACK:]}"
    return text.encode("utf-8", "backslashreplace").decode()
