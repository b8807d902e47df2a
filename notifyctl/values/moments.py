"""Lengths of time and instants as operators write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
#: What was meant as a length, though it may be too long.
_LENGTH: Final = re.compile(rf"(?:{_PART.pattern})+|\d+")
#: Longer than this is a typing mistake, and later arithmetic on instants could overflow.
_LONGEST_SECONDS: Final = 100 * 365 * 86400.0


def seconds(text: str) -> float:
    """The length that *text* says: `30s`, `5m`, `1h30m`, `7d`, `250ms`, or a plain number of seconds.

    Raises:
        ValueError: it is none, or longer than a hundred years.
    """
    text = text.strip().lower()
    parts = _PART.findall(text)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        length = float(text)
    elif parts and "".join(number + unit for number, unit in parts) == text:
        length = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    else:
        raise ValueError(f"{text!r} is no length of time; write 30s, 5m, 2h, 7d or 1h30m")
    if length > _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is longer than a hundred years")
    return length


def instant(text: str) -> datetime:
    """The instant that *text* says in ISO 8601; without a zone it is in this machine's.

    Raises:
        ValueError: it is none.
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no instant; write it like 2026-01-30T12:00:00Z") from None
    return parsed.astimezone(UTC)


def moment(text: str) -> datetime:
    """The instant that *text* says, or the one that lies a length such as `1h` back.

    Raises:
        ValueError: it is neither.
    """
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds(text))
    except ValueError as exc:
        if _LENGTH.fullmatch(text.strip().lower()):
            raise
        try:
            return instant(text)
        except ValueError:
            raise ValueError(f"{text!r} is no instant; write 2026-01-30T12:00:00Z, or 1h for an hour ago") from exc


def after(length_seconds: float) -> datetime:
    """The instant that lies *length_seconds* ahead."""
    return datetime.now(UTC) + timedelta(seconds=length_seconds)


def iso(moment: datetime) -> str:
    """*moment* with milliseconds in UTC, such as `2026-01-30T12:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def spoken(length_seconds: float) -> str:
    """A length for people, in its two biggest units: `3d 4h`, `2m 5s`, `0.4s`."""
    if length_seconds < 10:
        return f"{length_seconds:.1f}s"
    rest = int(length_seconds)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0"))


def relative(text: str) -> str:
    """The instant *text* (ISO 8601) as seen from now: `5m ago`, `in 2d 3h`."""
    away = (datetime.fromisoformat(text) - datetime.now(UTC)).total_seconds()
    if abs(away) < 1:
        return "now"
    return f"in {spoken(away)}" if away > 0 else f"{spoken(-away)} ago"


def clock(text: str) -> str:
    """The instant *text* (ISO 8601) on this machine's clock, with its date unless that is today's."""
    here = datetime.fromisoformat(text).astimezone()
    time = f"{here:%H:%M:%S}.{here.microsecond // 1000:03d}"
    return time if here.date() == datetime.now().astimezone().date() else f"{here:%Y-%m-%d} {time}"
