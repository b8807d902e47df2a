"""Whether everything came back: quiet after the load beside quiet before it. Pure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.soak.samples import Phase, Sample

MIB: Final = 1 << 20


class Tolerance(Struct, frozen=True):
    """How much more of something there may be afterwards, and why."""

    field: str
    #: In the unit of the field, and as a share of what there was before. The larger one counts.
    more: float
    share: float
    why: str


TOLERANCES: Final = (
    Tolerance(
        "resident_bytes", 16 * MIB, 0.10, "arenas that the allocator keeps; 10,000 receipts in memory that fill up"
    ),
    Tolerance("open_files", 3, 0, "a connection of SQLite that was opened meanwhile"),
    Tolerance("threads", 12, 0, "idle threads of trio and grpcio, which end when they like"),
    Tolerance("tasks", 2, 0, "a listener that is just closing one"),
    Tolerance("connections", 0, 0, "nobody is there"),
    Tolerance("subscriptions", 0, 0, "nobody is there"),
    Tolerance("unacked", 0, 0, "nobody is there"),
    Tolerance("sessions", 0, 0, "nobody is there"),
    Tolerance("outbox_bytes", 0, 0, "nobody is there"),
    Tolerance("database_bytes", 32 * MIB, 0.25, "the logs are folded in at 24 MiB; freed pages are used again"),
)

#: How far resident memory may rise from the first quarter of the load to the last.
RISE: Final = Tolerance("resident_bytes", 16 * MIB, 0.15, "the crowd is as large in both")


class Row(Struct, frozen=True):
    """One comparison."""

    name: str
    before: float
    after: float
    most: float
    why: str

    @property
    def good(self) -> bool:
        """Whether it came back."""
        return self.after <= self.most


def verdict(samples: Sequence[Sample]) -> list[Row]:
    """Every comparison, whichever way it went.

    Raises:
        ValueError: a phase has no samples, so that nothing can be said.
    """
    before, after = _of(samples, "quiet before"), _of(samples, "quiet after")
    rows = [_row(tolerance.field, tolerance, before, after) for tolerance in TOLERANCES]
    load = _of(samples, "load")
    if len(load) >= 8:
        quarter = len(load) // 4
        rows.append(_row("resident_bytes under load", RISE, load[:quarter], load[-quarter:]))
    return rows


def _of(samples: Sequence[Sample], phase: Phase) -> list[Sample]:
    found = [sample for sample in samples if sample.phase == phase]
    if not found:
        raise ValueError(f"there is no sample of the phase {phase!r}")
    return found


def _row(name: str, tolerance: Tolerance, before: Sequence[Sample], after: Sequence[Sample]) -> Row:
    # the middle one: a look may fall into a moment in which something is just being tidied up
    first = median(getattr(sample, tolerance.field) for sample in before)
    last = median(getattr(sample, tolerance.field) for sample in after)
    return Row(name, first, last, first + max(tolerance.more, tolerance.share * first), tolerance.why)


def table(rows: Sequence[Row]) -> list[str]:
    """The comparisons, a line each."""
    lines = [f"{'':26} {'before':>14} {'after':>14} {'at most':>14}"]
    for row in rows:
        figures = f"{row.before:>14,.0f} {row.after:>14,.0f} {row.most:>14,.0f}"
        lines.append(f"{row.name:26} {figures}  {'' if row.good else 'DID NOT COME BACK: ' + row.why}".rstrip())
    return lines
