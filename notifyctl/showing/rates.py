"""What nodes do in a second, from two looks at them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notifyctl.showing.output import Record

#: Less than this between two looks says more about heartbeats than about load.
LEAST_SECONDS: Final = 1.0
#: The fields that `rated` adds; None where they are not known.
NO_RATES: Final[Mapping[str, Any]] = {
    "acceptedPerSecond": None,
    "deliveriesPerSecond": None,
    "cpuShare": None,
    "rateSeconds": None,
}


def rated(before: Sequence[Record], after: Sequence[Record]) -> list[Record]:
    """The nodes *after* with their rates since *before*, each over what passed on its own clock.

    `cpuShare` is 1.0 for one processor that it kept busy. A node that has not told of itself anew, or was not there,
    has none.
    """
    first = {node["id"]: node for node in before}
    return [{**node, **NO_RATES, **_rates(first.get(node["id"]), node)} for node in after]


def all_rated(nodes: Sequence[Record]) -> bool:
    """Whether there is none without rates."""
    return all(node["rateSeconds"] is not None for node in nodes)


def elapsed(start: str | None, end: str | None) -> float | None:
    """Seconds between two instants (ISO 8601); None where one of them is not known."""
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _rates(before: Record | None, after: Record) -> Record:
    seconds = elapsed(before["at"], after["at"]) if before is not None else None
    if before is None or seconds is None or seconds < LEAST_SECONDS:
        return {}
    return {
        "acceptedPerSecond": round((after["accepted"] - before["accepted"]) / seconds, 1),
        "deliveriesPerSecond": round((after["deliveries"] - before["deliveries"]) / seconds, 1),
        "cpuShare": round((after["cpuSeconds"] - before["cpuSeconds"]) / seconds, 3),
        "rateSeconds": seconds,
    }
