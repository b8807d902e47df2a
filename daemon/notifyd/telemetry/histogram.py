"""How often something took how long, in fixed buckets: for hot code, where prometheus_client's own costs too much."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Bounds in seconds for what takes milliseconds when all is well: a commit, a call of an engine, an HTTP request.
QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
#: For what may wait for hours and should not: the queue, a receiver's ack, a provider's answer.
LONG: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0, 3600.0)
#: For numbers of things.
COUNTS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)

#: Of one family. Labels come from our own tables, so that this is a guard and no limit.
MOST_CHILDREN: Final = 512
_OTHER: Final = "other"


class Histogram:
    """Adding to it costs a quarter of a microsecond and no memory. For the trio thread alone."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = QUICK) -> None:
        #: Upper bounds of the buckets, rising, each of them included; there is one more for what is above.
        self.bounds = bounds
        #: How many fell into each bucket.
        self.counts = [0] * (len(bounds) + 1)
        #: The sum of all values.
        self.total = 0.0

    def observe(self, value: float, count: int = 1) -> None:
        """*count* times it was *value*. What a clock that was set back makes negative counts as 0."""
        if value < 0.0:
            value = 0.0
        self.counts[bisect_left(self.bounds, value)] += count
        self.total += value * count

    def cumulative(self) -> list[tuple[str, float]]:
        """How many were at most each bound, under the bound's name, `+Inf` for all: what Prometheus is told."""
        rows: list[tuple[str, float]] = []
        sofar = 0
        for bound, count in zip(self.bounds, self.counts, strict=False):
            sofar += count
            rows.append((f"{bound:g}", sofar))
        return [*rows, ("+Inf", sofar + self.counts[-1])]


class HistogramFamily:
    """Histograms by the values of some labels, made when the first value comes; their number is bounded."""

    __slots__ = ("_bounds", "_children", "labels")

    def __init__(self, *labels: str, bounds: Sequence[float] = QUICK) -> None:
        self.labels = labels
        self._bounds = bounds
        self._children: dict[tuple[str, ...], Histogram] = {}

    def of(self, *values: str) -> Histogram:
        """The one with these values of the labels."""
        found = self._children.get(values)
        if found is None:
            if len(self._children) >= MOST_CHILDREN:
                values = (_OTHER,) * len(self.labels)
            found = self._children.setdefault(values, Histogram(self._bounds))
        return found

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], Histogram]]:
        return iter(self._children.items())
