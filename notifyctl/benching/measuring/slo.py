"""Service level objectives: `p99<50ms,errors<0.1%,rate>1000`. Pure.

    objectives = clause *( "," clause )
    clause     = metric ( "<" | "<=" | ">" | ">=" | "=" ) value
    value      = a length of time (50ms, 1.5s, 300us), a share (0.1%) or a number (1000, 2.5k)

What a metric measures decides which kind of value it is compared with; see `Kind`.
"""

from __future__ import annotations

import enum
import operator
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Kind(enum.Enum):
    """What a metric is measured in."""

    #: Seconds.
    TIME = "a length of time such as 50ms"
    #: 1.0 for all of them.
    SHARE = "a share such as 0.1%"
    #: Plain numbers.
    NUMBER = "a number such as 1000 or 2k"
    #: Compared as a number, or with a value in percent as the share of what was tried.
    COUNT = "a number such as 0, or a share such as 0.1%"


_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_CLAUSE: Final = re.compile(r"\s*([a-z][a-z0-9.]*)\s*(<=|>=|<|>|==?)\s*(\S+)\s*", re.IGNORECASE)
_VALUE: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(us|µs|ms|s|m|%|k)?", re.IGNORECASE)
_PERCENTILE: Final = re.compile(r"(.*\b)?p(\d{1,2}(?:\.\d{1,3})?)")
_SECONDS: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
#: Stands for every percentile among the metrics of a benchmark.
PERCENTILES: Final = "p"


class Unclear(ValueError):
    """A text that states no objectives; the message says where and what to write."""


@dataclass(frozen=True)
class Clause:
    """One thing that is to be true."""

    #: As it was written.
    text: str
    metric: str
    sign: str
    #: In seconds, as a share or as a number.
    limit: float
    kind: Kind

    @property
    def figure(self) -> str:
        """The name of the figure that is compared: the metric, with `%` where its share is meant."""
        return f"{self.metric}%" if self.kind is Kind.SHARE and self.metric in ("errors", "missing") else self.metric


@dataclass(frozen=True)
class Verdict:
    """What became of one clause."""

    clause: Clause
    #: None where nothing was measured, which is a breach.
    actual: float | None
    met: bool


def parse(text: str, metrics: Mapping[str, Kind]) -> list[Clause]:
    """The clauses of *text* about *metrics*, where `p` stands for `p50`, `p99.9` and so on.

    Raises:
        Unclear: it is not in the grammar, names another metric, or compares things of different kinds.
    """
    return [_clause(part, metrics) for part in text.split(",")]


def judge(clauses: list[Clause], figures: Callable[[str], float | None]) -> list[Verdict]:
    """Compare each clause with what *figures* says of it."""
    verdicts = []
    for clause in clauses:
        actual = figures(clause.figure)
        met = actual is not None and _OPERATORS[clause.sign](actual, clause.limit)
        verdicts.append(Verdict(clause, actual, met))
    return verdicts


def percentile_of(metric: str) -> tuple[str, float] | None:
    """What `p99.9` or `accepted.p99` asks: the prefix, such as `accepted.`, and the percent; None for no percentile."""
    found = _PERCENTILE.fullmatch(metric)
    return (found[1] or "", float(found[2])) if found else None


def _clause(part: str, metrics: Mapping[str, Kind]) -> Clause:
    found = _CLAUSE.fullmatch(part)
    if found is None:
        raise Unclear(f"{part.strip()!r} is no objective; write METRIC<VALUE, such as p99<50ms or errors<0.1%")
    metric, sign = found[1].lower(), found[2].replace("==", "=")
    kind = _kind(metric, metrics)
    limit, unit = _value(found[3], part.strip(), kind)
    return Clause(part.strip(), metric, sign, limit, unit)


def _kind(metric: str, metrics: Mapping[str, Kind]) -> Kind:
    named = percentile_of(metric)
    kind = metrics.get(metric if named is None else f"{named[0]}{PERCENTILES}")
    if kind is not None:
        return kind
    known = ["p50", "p99.9", *(name for name in metrics if not name.endswith(PERCENTILES))]
    near = get_close_matches(metric, known, 1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; it measures {', '.join(known)}"
    raise Unclear(f"{metric!r} is not measured by this benchmark{hint}")


def _value(text: str, clause: str, kind: Kind) -> tuple[float, Kind]:
    """The limit, and as what it is compared."""
    found = _VALUE.fullmatch(text)
    if found is not None:
        number, unit = float(found[1]), (found[2] or "").lower()
        if kind is Kind.TIME and unit in _SECONDS:
            return number * _SECONDS[unit], Kind.TIME
        if kind in (Kind.SHARE, Kind.COUNT) and unit == "%":
            return number / 100, Kind.SHARE
        if kind in (Kind.NUMBER, Kind.COUNT) and unit in ("", "k", "m"):
            return number * {"": 1, "k": 1000, "m": 1_000_000}[unit], Kind.NUMBER
    raise Unclear(f"{clause!r}: {text!r} is not {kind.value}")
