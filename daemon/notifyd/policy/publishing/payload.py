"""Which JSON values may be carried to subscribers."""

from __future__ import annotations

import re
from itertools import accumulate

import msgspec

from notifyd.errors import Invalid, TooLarge

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_STEPS = {0x5B: 1, 0x7B: 1, 0x5D: -1, 0x7D: -1}
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)


def check_json(value: bytes, *, what: str, max_bytes: int, max_depth: int) -> bytes:
    """*value*, one JSON value in syntax that was checked already, without line breaks.

    Raises:
        TooLarge: over *max_bytes*.
        Invalid: nested deeper than *max_depth*, or not UTF-8.
    """
    if len(value) > max_bytes:
        raise TooLarge(f"{what} has {len(value)} bytes, at most {max_bytes} are allowed")
    if not value.isascii():
        _check_utf8(value, what)
    # A cheap bound first: as many brackets as the limit cannot nest deeper than it.
    if value.count(b"{") + value.count(b"[") > max_depth and _depth(value) > max_depth:
        raise Invalid(f"{what} is nested deeper than {max_depth} levels", code="too_deep")
    if b"\n" in value or b"\r" in value:
        return msgspec.json.format(value, indent=-1)
    return value


def _check_utf8(value: bytes, what: str) -> None:
    # The decoders of the edges do not look into the strings of what is carried as it is.
    try:
        value.decode()
    except UnicodeDecodeError as exc:
        raise Invalid(f"{what} is not UTF-8 (byte {exc.start})", code="invalid_json") from exc


def _depth(value: bytes) -> int:
    """The deepest nesting, counted over the brackets that stand outside strings."""
    brackets = _STRING.sub(b"", value).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)
